#include "gateway/policy/json_compare.hpp"

#include "runtime/session/json_scan.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>

namespace gatehouse::gateway {

namespace {

// Far beyond any number of use; an exponent is cut there, so that adding to it cannot overflow.
constexpr std::int64_t exponent_max = 1'000'000'000'000;

bool begins_number(std::string_view literal) {
    return !literal.empty() && (literal[0] == '-' || (literal[0] >= '0' && literal[0] <= '9'));
}

std::int64_t read_exponent(std::string_view text) {
    const bool negative = text.starts_with('-');
    std::int64_t value = 0;
    for (const char c : text) {
        if (c >= '0' && c <= '9') {
            value = std::min(exponent_max, value * 10 + (c - '0'));
        }
    }
    return negative ? -value : value;
}

bool same_members(std::string_view a, std::string_view b) {
    const auto mine = runtime::object_members(a);
    const auto theirs = runtime::object_members(b);
    if (!mine || !theirs || mine->size() != theirs->size()) {
        return false;
    }
    return std::all_of(mine->begin(), mine->end(), [b](const runtime::JsonMember& member) {
        // The key is raw; its quotes stand around it.
        const auto key = runtime::string_value({member.key.data() - 1, member.key.size() + 2});
        const auto other = key ? runtime::find_member(b, *key) : std::nullopt;
        return other && json_equal(member.value, *other);
    });
}

bool same_elements(std::string_view a, std::string_view b) {
    const auto mine = runtime::array_elements(a);
    const auto theirs = runtime::array_elements(b);
    return mine && theirs &&
           std::equal(mine->begin(), mine->end(), theirs->begin(), theirs->end(), json_equal);
}

} // namespace

std::string number_spelling(std::string_view literal) {
    if (!begins_number(literal)) {
        return {};
    }
    const bool negative = literal.starts_with('-');
    const auto exponent_at = std::min(literal.find_first_of("eE"), literal.size());
    const std::string_view mantissa =
        literal.substr(negative ? 1 : 0, exponent_at - (negative ? 1 : 0));
    std::int64_t exponent =
        exponent_at < literal.size() ? read_exponent(literal.substr(exponent_at + 1)) : 0;
    std::string digits;
    bool after_point = false;
    for (const char c : mantissa) {
        if (c == '.') {
            after_point = true;
            continue;
        }
        exponent -= after_point ? 1 : 0;
        if (c != '0' || !digits.empty()) {
            digits += c;
        }
    }
    if (digits.empty()) {
        return "0";
    }
    while (digits.back() == '0') {
        digits.pop_back();
        ++exponent;
    }
    return (negative ? "-" : "") + digits + "e" + std::to_string(exponent);
}

std::optional<double> number_value(std::string_view literal) {
    if (!begins_number(literal)) {
        return std::nullopt;
    }
    double value = 0;
    const auto parsed = std::from_chars(literal.data(), literal.data() + literal.size(), value);
    if (parsed.ec == std::errc::result_out_of_range) {
        const std::string spelling = number_spelling(literal);
        const bool tiny = spelling[spelling.find('e') + 1] == '-';
        const double size = tiny ? 0.0 : std::numeric_limits<double>::infinity();
        return spelling[0] == '-' ? -size : size;
    }
    if (parsed.ec != std::errc{}) {
        return std::nullopt;
    }
    return value;
}

bool json_equal(std::string_view a, std::string_view b) {
    if (a.empty() || b.empty()) {
        return false;
    }
    if (begins_number(a) || begins_number(b)) {
        return begins_number(a) && begins_number(b) &&
               (a == b || number_spelling(a) == number_spelling(b));
    }
    if (a[0] != b[0]) {
        return false;
    }
    switch (a[0]) {
    case '"':
        return a == b || runtime::string_value(a) == runtime::string_value(b);
    case '{':
        return same_members(a, b);
    case '[':
        return same_elements(a, b);
    default:
        return a == b;
    }
}

} // namespace gatehouse::gateway
