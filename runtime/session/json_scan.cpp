#include "runtime/session/json_scan.hpp"

#include "runtime/session/json_structure.hpp"
#include "runtime/session/json_text.hpp"

#include <algorithm>
#include <charconv>

namespace gatehouse::runtime {

namespace {

// Walks text that is known to be valid; on other text it stops early, never outside.
class ValidCursor {
  public:
    explicit ValidCursor(std::string_view text)
        : at_(skip_space(text.data(), text.data() + text.size())), end_(text.data() + text.size()) {
    }

    // Enters the container that opens with `bracket`; false if the value is something else.
    bool enter(char bracket) {
        if (at_ == end_ || *at_ != bracket) {
            return false;
        }
        ++at_;
        return true;
    }
    // The next member, or false at the end of the object.
    bool next_member(JsonMember& member) {
        if (!reach_item()) {
            return false;
        }
        const std::string_view literal = read_value();
        if (literal.size() < 2 || literal.front() != '"') {
            return false;
        }
        member.key = literal.substr(1, literal.size() - 2);
        at_ = skip_space(at_, end_);
        if (at_ == end_ || *at_ != ':') {
            return false;
        }
        at_ = skip_space(at_ + 1, end_);
        member.value = read_value();
        return !member.value.empty();
    }
    bool next_element(std::string_view& element) {
        if (!reach_item()) {
            return false;
        }
        element = read_value();
        return !element.empty();
    }

  private:
    bool reach_item() {
        at_ = skip_space(at_, end_);
        if (at_ != end_ && *at_ == ',') {
            at_ = skip_space(at_ + 1, end_);
        }
        return at_ != end_ && *at_ != '}' && *at_ != ']';
    }
    std::string_view read_value() {
        const char* const start = at_;
        if (at_ == end_) {
            return {};
        }
        if (*at_ == '"') {
            pass_string();
        } else if (*at_ == '{' || *at_ == '[') {
            pass_container();
        } else {
            pass_scalar();
        }
        return {start, static_cast<std::size_t>(at_ - start)};
    }
    void pass_string() {
        ++at_;
        while (at_ != end_) {
            at_ = skip_plain_text(at_, end_);
            if (at_ == end_) {
                return;
            }
            if (*at_ == '"') {
                ++at_;
                return;
            }
            at_ += (*at_ == '\\' && end_ - at_ > 1) ? 2 : 1;
        }
    }
    void pass_container() {
        std::size_t depth = 0;
        while (at_ != end_) {
            const char c = *at_;
            if (c == '"') {
                pass_string();
                continue;
            }
            ++at_;
            if (c == '{' || c == '[') {
                ++depth;
            } else if ((c == '}' || c == ']') && --depth == 0) {
                return;
            }
        }
    }
    void pass_scalar() {
        while (at_ != end_ && *at_ != ',' && *at_ != '}' && *at_ != ']' && *at_ != ':' &&
               static_cast<unsigned char>(*at_) > ' ') {
            ++at_;
        }
    }

    const char* at_;
    const char* end_;
};

std::string_view trimmed_json(std::string_view text) {
    constexpr std::string_view space = " \t\r\n";
    const std::size_t first = text.find_first_not_of(space);
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(space) - first + 1);
}

// One reference token of RFC 6901, "~1" and "~0" undone.
std::string pointer_token(std::string_view raw) {
    std::string token;
    for (std::size_t i = 0; i < raw.size(); ++i) {
        const bool escaped =
            raw[i] == '~' && i + 1 < raw.size() && (raw[i + 1] == '0' || raw[i + 1] == '1');
        if (!escaped) {
            token.push_back(raw[i]);
            continue;
        }
        ++i;
        token.push_back(raw[i] == '0' ? '~' : '/');
    }
    return token;
}

std::optional<std::string_view> element_at(std::string_view array, std::string_view index_text) {
    std::size_t index = 0;
    const char* const end = index_text.data() + index_text.size();
    const auto [stop, failure] = std::from_chars(index_text.data(), end, index);
    const bool leading_zero = index_text.size() > 1 && index_text.front() == '0';
    ValidCursor cursor(array);
    if (failure != std::errc() || stop != end || leading_zero || !cursor.enter('[')) {
        return std::nullopt;
    }
    std::string_view element;
    while (cursor.next_element(element)) {
        if (index == 0) {
            return element;
        }
        --index;
    }
    return std::nullopt;
}

Error wrong_json(std::string where, std::string why) {
    return Error{"GH-M403", "not valid JSON", std::move(where), std::move(why),
                 "correct the sender of this text"};
}

} // namespace

Result<void> validate_json(std::string_view text) {
    const ScanProblem problem = scan_json(text, nullptr);
    if (problem.found()) {
        return wrong_json("byte " + std::to_string(problem.offset), problem.reason);
    }
    return {};
}

Result<std::vector<JsonMember>> object_members(std::string_view valid_object) {
    ValidCursor cursor(valid_object);
    if (!cursor.enter('{')) {
        return wrong_json("byte 0", "an object expected");
    }
    std::vector<JsonMember> members;
    JsonMember member;
    while (cursor.next_member(member)) {
        members.push_back(member);
    }
    return members;
}

Result<std::vector<std::string_view>> array_elements(std::string_view valid_array) {
    ValidCursor cursor(valid_array);
    if (!cursor.enter('[')) {
        return wrong_json("byte 0", "an array expected");
    }
    std::vector<std::string_view> elements;
    std::string_view element;
    while (cursor.next_element(element)) {
        elements.push_back(element);
    }
    return elements;
}

std::optional<std::string_view> find_member(std::string_view valid_object, std::string_view key) {
    ValidCursor cursor(valid_object);
    if (!cursor.enter('{')) {
        return std::nullopt;
    }
    JsonMember member;
    while (cursor.next_member(member)) {
        if (spells(member.key, key)) {
            return member.value;
        }
    }
    return std::nullopt;
}

std::optional<std::string_view> find_pointer(std::string_view valid_json,
                                             std::string_view pointer) {
    std::string_view value = trimmed_json(valid_json);
    while (!pointer.empty()) {
        if (pointer.front() != '/') {
            return std::nullopt;
        }
        pointer.remove_prefix(1);
        const std::string token = pointer_token(pointer.substr(0, pointer.find('/')));
        pointer.remove_prefix(std::min(pointer.find('/'), pointer.size()));
        const bool is_array = !value.empty() && value.front() == '[';
        const auto next = is_array ? element_at(value, token) : find_member(value, token);
        if (!next) {
            return std::nullopt;
        }
        value = *next;
    }
    return value;
}

std::optional<std::string> string_value(std::string_view literal) {
    const std::string_view text = trimmed_json(literal);
    if (text.size() < 2 || text.front() != '"' || text.back() != '"') {
        return std::nullopt;
    }
    std::string value;
    value.reserve(text.size() - 2);
    append_unescaped(text.substr(1, text.size() - 2), value);
    return value;
}

} // namespace gatehouse::runtime
