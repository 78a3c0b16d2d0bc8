#include "runtime/session/catalogue_reader.hpp"

#include "runtime/base/log.hpp"
#include "runtime/session/era_probe.hpp"
#include "runtime/session/failures.hpp"
#include "runtime/session/json_scan.hpp"
#include "runtime/session/json_text.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <unordered_set>

namespace gatehouse::runtime {

namespace {

constexpr int list_pages_max_count = 1000;
constexpr std::size_t list_max_bytes = 64ULL << 20;

// One list while its pages come in.
struct ListPages {
    ListKind kind;
    std::size_t items_max_count;
    std::vector<CatalogueItem> items = {};
    std::size_t total_bytes = 0;
    int page_count = 0;
    std::optional<std::int64_t> ttl_ms = {}; // the shortest of the pages so far
    std::unordered_set<std::string> names = {};
    std::unordered_set<std::string> cursors = {};

    std::string method() const { return std::string(list_method(kind)); }
};

constexpr std::string_view naming_member(ListKind kind) {
    constexpr std::string_view members[] = {"name", "name", "uri", "uriTemplate"};
    return members[static_cast<int>(kind)];
}

Result<void> add_item(ListPages& pages, std::string_view definition) {
    const auto name_literal = find_member(definition, naming_member(pages.kind));
    auto name = name_literal ? string_value(*name_literal) : std::nullopt;
    if (!name || name->empty()) {
        return failures::wrong_answer(pages.method() + " holds an item without a " +
                                          std::string(naming_member(pages.kind)),
                                      "");
    }
    if (!pages.names.insert(*name).second) {
        std::string shown;
        append_quoted(name->substr(0, 128), shown);
        log_warn("GH-M405 a connector lists " + shown + " twice in " + pages.method() +
                 "; the first is kept");
        return {};
    }
    pages.total_bytes += definition.size();
    if (pages.items.size() >= pages.items_max_count || pages.total_bytes > list_max_bytes) {
        return failures::wrong_answer(
            "the connector lists too many " + std::string(list_member(pages.kind)),
            "more than " + std::to_string(pages.items_max_count) + " or than 64 MiB");
    }
    pages.items.push_back(CatalogueItem{std::move(*name), std::string(definition)});
    return {};
}

// Longer than a daemon runs; clocks count in nanoseconds and cannot hold every number.
constexpr std::int64_t ttl_max_ms = 365LL * 24 * 3600 * 1000;

// What is no whole number of milliseconds counts as nothing.
std::int64_t ttl_in(std::string_view result) {
    const std::string_view raw = find_member(result, "ttlMs").value_or("");
    std::int64_t ttl_ms = 0;
    const auto read = std::from_chars(raw.data(), raw.data() + raw.size(), ttl_ms);
    const bool whole = read.ec == std::errc() && read.ptr == raw.data() + raw.size();
    return whole ? std::clamp<std::int64_t>(ttl_ms, 0, ttl_max_ms) : 0;
}

Result<void> add_list_page(ListPages& pages, std::string_view result) {
    const std::string_view member = list_member(pages.kind);
    const auto list = find_member(result, member);
    if (!list) {
        return failures::wrong_answer(
            "the answer to " + pages.method() + " has no " + std::string(member), "");
    }
    const auto definitions = array_elements(*list);
    if (!definitions) {
        return failures::wrong_answer("the answer to " + pages.method() + " is malformed",
                                      std::string(member) + " is not an array");
    }
    for (const std::string_view definition : *definitions) {
        if (auto added = add_item(pages, definition); !added) {
            return added;
        }
    }
    return {};
}

// The raw cursor of the next page; empty when this page is the last. null and "" count as absent,
// because some servers write their empty fields out.
std::string next_list_cursor(std::string_view result) {
    const auto cursor = find_member(result, "nextCursor");
    const bool present = cursor && cursor->size() > 2 && cursor->front() == '"';
    return present ? std::string(*cursor) : std::string();
}

// Takes the page in; true in the result if another one is to be asked for with `cursor`.
Result<bool> take_page(ListPages& pages, const CallReply& reply, std::string& cursor) {
    if (reply.end != CallEnd::result) {
        const bool no_such_list = reply.end == CallEnd::error && pages.page_count == 0 &&
                                  find_member(reply.body(), "code") == "-32601";
        if (no_such_list && pages.kind != ListKind::tools) {
            return false;
        }
        return failures::failed_step(reply, pages.method());
    }
    if (auto added = add_list_page(pages, reply.body()); !added) {
        return std::move(added).error();
    }
    const std::int64_t ttl_ms = ttl_in(reply.body());
    pages.ttl_ms = std::min(pages.ttl_ms.value_or(ttl_ms), ttl_ms);
    cursor = next_list_cursor(reply.body());
    if (cursor.empty()) {
        return false;
    }
    const bool too_many = ++pages.page_count == list_pages_max_count;
    if (too_many || !pages.cursors.insert(cursor).second) {
        return failures::wrong_answer("the connector's " + pages.method() + " does not end",
                                      too_many ? "more than 1000 pages" : "a cursor came twice");
    }
    return true;
}

// Whether the connector lives on well without this list.
bool can_do_without(ListKind kind, const Error& refusal) {
    return kind != ListKind::tools && refusal.code == "GH-M403";
}

} // namespace

Task<Result<CatalogueList>> read_list(AskConnector ask, ListKind kind,
                                      std::size_t items_max_count) {
    ListPages pages{kind, items_max_count};
    std::string cursor;
    for (;;) {
        std::string params = cursor.empty() ? "" : "{\"cursor\":" + cursor + "}";
        auto asking = ask(pages.method(), std::move(params));
        const CallReply reply = co_await std::move(asking);
        const auto more = take_page(pages, reply, cursor);
        if (!more) {
            co_return more.error();
        }
        if (!*more) {
            co_return CatalogueList{std::move(pages.items), pages.ttl_ms.value_or(0)};
        }
    }
}

Task<Result<Catalogue>> read_all_lists(AskConnector ask, Catalogue introduction,
                                       std::size_t items_max_count) {
    for (const ListKind kind :
         {ListKind::tools, ListKind::prompts, ListKind::resources, ListKind::resource_templates}) {
        if (!offers_list(introduction, kind)) {
            continue;
        }
        auto reading = read_list(ask, kind, items_max_count);
        auto items = co_await std::move(reading);
        if (items) {
            introduction.put(kind, std::move(*items));
        } else if (can_do_without(kind, items.error())) {
            log_warn("a connector is used without its " + std::string(list_member(kind)) + ": " +
                     to_text(items.error()));
        } else {
            co_return std::move(items).error();
        }
    }
    co_return introduction;
}

} // namespace gatehouse::runtime
