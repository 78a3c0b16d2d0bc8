#include "runtime/session/id_guess.hpp"

#include "runtime/session/json_structure.hpp"
#include "runtime/session/json_text.hpp"

#include <charconv>

namespace gatehouse::runtime {

namespace {

constexpr std::string_view json_white_space = " \t\r\n";

void drop_space_at_end(std::string_view& text) {
    const std::size_t last = text.find_last_not_of(json_white_space);
    text = text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

bool drop_suffix(std::string_view& text, std::string_view suffix) {
    drop_space_at_end(text);
    if (!text.ends_with(suffix)) {
        return false;
    }
    text.remove_suffix(suffix.size());
    return true;
}

std::string_view number_at_end(std::string_view text) {
    drop_space_at_end(text);
    const std::size_t before = text.find_last_not_of("0123456789");
    return text.substr(before == std::string_view::npos ? text.size() : before + 1);
}

std::string_view id_in_tail(std::string_view tail) {
    if (!drop_suffix(tail, "}")) {
        return {};
    }
    std::string_view shorter = tail;
    if (drop_suffix(shorter, "\"2.0\"") && drop_suffix(shorter, ":") &&
        drop_suffix(shorter, "\"jsonrpc\"") && drop_suffix(shorter, ",")) {
        tail = shorter;
    }
    drop_space_at_end(tail);
    const std::string_view number = number_at_end(tail);
    tail.remove_suffix(number.size());
    const bool is_id =
        drop_suffix(tail, ":") && drop_suffix(tail, "\"id\"") && drop_suffix(tail, ",");
    return is_id ? number : std::string_view();
}

} // namespace

std::string_view guess_id(std::string_view head, std::string_view tail) {
    NotedMembers members;
    scan_json(head, &members);
    std::string_view id;
    for (const JsonMember& member : members.items) {
        if (spells(member.key, "method")) {
            return {};
        }
        if (spells(member.key, "id")) {
            id = member.value;
        }
    }
    if (!id.empty()) {
        return id;
    }
    const std::size_t first = head.find_first_not_of(json_white_space);
    const bool is_object = first != std::string_view::npos && head[first] == '{';
    return is_object ? id_in_tail(tail) : std::string_view();
}

std::optional<std::uint64_t> upstream_id_of(std::string_view raw) {
    std::uint64_t id = 0;
    const char* const end = raw.data() + raw.size();
    const auto [stop, failure] = std::from_chars(raw.data(), end, id);
    if (raw.empty() || raw.front() == '0' || failure != std::errc() || stop != end) {
        return std::nullopt;
    }
    return id;
}

} // namespace gatehouse::runtime
