#include "gateway/mcp/list_page.hpp"

#include "gateway/virtual_server/definition.hpp"
#include "runtime/base/json.hpp"
#include "runtime/session/json_scan.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

namespace gatehouse::gateway {

namespace {

using Digest = std::uint64_t;

// FNV-1a, 64 bits: it guards against mistakes, not against attackers, who gain nothing here.
Digest add_to_digest(Digest digest, std::string_view text) {
    for (const char c : text) {
        digest = (digest ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
    }
    return (digest ^ 0xFF) * 0x100000001B3ULL; // 0xFF is in no UTF-8 text
}

Digest item_digest(const ListIdentity& list, std::string_view name) {
    const Digest start = add_to_digest(0xCBF29CE484222325ULL, list.virtual_server);
    return add_to_digest(add_to_digest(start, runtime::list_method(list.kind)), name);
}

std::string hexadecimal(std::uint64_t value) {
    std::array<char, 16> digits{};
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16);
    return {digits.data(), written.ptr};
}

std::optional<std::uint64_t> read_hexadecimal(std::string_view text) {
    std::uint64_t value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    const bool whole =
        !text.empty() && read.ec == std::errc{} && read.ptr == text.data() + text.size();
    return whole ? std::optional(value) : std::nullopt;
}

// "<position>-<digest of the item before it>", both hexadecimal.
std::string write_cursor(const ListIdentity& list, std::size_t position, std::string_view before) {
    return hexadecimal(position) + "-" + hexadecimal(item_digest(list, before));
}

// Where the page begins that the cursor asks for.
std::optional<std::size_t> find_position(const ListIdentity& list,
                                         const std::vector<const ListEntry*>& visible,
                                         std::string_view cursor) {
    const std::size_t dash = std::min(cursor.find('-'), cursor.size());
    const auto position = read_hexadecimal(cursor.substr(0, dash));
    const auto digest = read_hexadecimal(cursor.substr(std::min(dash + 1, cursor.size())));
    if (!position || !digest) {
        return std::nullopt;
    }
    const auto is_before = [&](const ListEntry* entry) {
        return item_digest(list, entry->name) == *digest;
    };
    if (*position > 0 && *position <= visible.size() && is_before(visible[*position - 1])) {
        return *position;
    }
    const auto moved = std::find_if(visible.begin(), visible.end(), is_before);
    return moved == visible.end()
               ? std::nullopt
               : std::optional(static_cast<std::size_t>(moved - visible.begin()) + 1);
}

// A resource or template without a name would break clients that check the list as a whole.
std::string entry_text(const ListEntry& entry, runtime::ListKind kind) {
    std::string text =
        entry.rename_member.empty()
            ? std::string(entry.definition)
            : with_member(entry.definition, entry.rename_member, json_quote(entry.name));
    const bool needs_name =
        kind == runtime::ListKind::resources || kind == runtime::ListKind::resource_templates;
    if (needs_name && !runtime::find_member(text, "name")) {
        text = with_member(text, "name", json_quote(entry.upstream_name));
    }
    return text;
}

} // namespace

Result<ListPage> list_page(const ListIdentity& list, const std::vector<const ListEntry*>& visible,
                           std::string_view cursor) {
    const auto start =
        cursor.empty() ? std::optional<std::size_t>(0) : find_position(list, visible, cursor);
    if (!start) {
        return Error{"GH-M425", "the cursor is not one of this list", "", "",
                     "Start again without a cursor"};
    }
    ListPage page;
    std::size_t at = *start;
    for (; at < visible.size() && at - *start < list_page_max_count; ++at) {
        const std::string text = entry_text(*visible[at], list.kind);
        if (at > *start && page.items.size() + text.size() > list_page_max_bytes) {
            break;
        }
        page.items += page.items.empty() ? "" : ",";
        page.items += text;
    }
    if (at < visible.size()) {
        page.next_cursor = write_cursor(list, at, visible[at - 1]->name);
    }
    return page;
}

} // namespace gatehouse::gateway
