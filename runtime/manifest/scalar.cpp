#include "runtime/manifest/scalar.hpp"

#include <charconv>
#include <cmath>
#include <string_view>

namespace gatehouse::runtime {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::string_view without_sign(std::string_view text) {
    return !text.empty() && (text[0] == '-' || text[0] == '+') ? text.substr(1) : text;
}

std::size_t count_digits(std::string_view text, std::size_t from) {
    std::size_t at = from;
    while (at < text.size() && is_digit(text[at])) {
        ++at;
    }
    return at - from;
}

bool is_core_integer(std::string_view text) {
    if (text.size() > 2 && (text.substr(0, 2) == "0x" || text.substr(0, 2) == "0o")) {
        const bool hex = text[1] == 'x';
        return text.find_first_not_of(hex ? "0123456789abcdefABCDEF" : "01234567", 2) == text.npos;
    }
    const std::string_view digits = without_sign(text);
    return !digits.empty() && count_digits(digits, 0) == digits.size();
}

bool is_core_number(std::string_view text) {
    const std::string_view body = without_sign(text);
    if (body == ".inf" || body == ".Inf" || body == ".INF" || text == ".nan" || text == ".NaN" ||
        text == ".NAN") {
        return true;
    }
    std::size_t at = count_digits(body, 0);
    std::size_t digits = at;
    if (at < body.size() && body[at] == '.') {
        const std::size_t fraction = count_digits(body, at + 1);
        digits += fraction;
        at += 1 + fraction;
    }
    if (digits == 0) {
        return false;
    }
    if (at < body.size() && (body[at] == 'e' || body[at] == 'E')) {
        ++at;
        at += at < body.size() && (body[at] == '-' || body[at] == '+') ? 1 : 0;
        const std::size_t exponent = count_digits(body, at);
        at = exponent == 0 ? std::string_view::npos : at + exponent;
    }
    return at == body.size();
}

} // namespace

ScalarType scalar_type(const Node& scalar) {
    if (scalar.quoted) {
        return ScalarType::string;
    }
    if (scalar.text == "true" || scalar.text == "false") {
        return ScalarType::boolean;
    }
    if (is_core_integer(scalar.text)) {
        return ScalarType::integer;
    }
    return is_core_number(scalar.text) ? ScalarType::number : ScalarType::string;
}

std::optional<std::int64_t> decimal_integer(const std::string& text) {
    const std::string_view digits = without_sign(text);
    if (digits.empty() || !is_digit(digits[0]) || (digits.size() > 1 && digits[0] == '0')) {
        return std::nullopt;
    }
    const char* begin = text.data() + (text[0] == '+' ? 1 : 0);
    const char* end = text.data() + text.size();
    std::int64_t value = 0;
    const auto [stop, problem] = std::from_chars(begin, end, value);
    if (problem != std::errc{} || stop != end) {
        return std::nullopt;
    }
    return value;
}

std::optional<double> decimal_number(const std::string& text) {
    if (!is_core_number(text)) {
        return std::nullopt;
    }
    const char* begin = text.data() + (text[0] == '+' ? 1 : 0);
    const char* end = text.data() + text.size();
    double value = 0;
    const auto [stop, problem] = std::from_chars(begin, end, value);
    if (problem != std::errc{} || stop != end || !std::isfinite(value)) {
        return std::nullopt;
    }
    return value;
}

const char* type_text(const Node& node) {
    switch (node.kind) {
    case NodeKind::null:
        return "nothing";
    case NodeKind::sequence:
        return "a list";
    case NodeKind::map:
        return "a map";
    case NodeKind::scalar:
        break;
    }
    switch (scalar_type(node)) {
    case ScalarType::string:
        return "a string";
    case ScalarType::boolean:
        return "a boolean";
    case ScalarType::integer:
    case ScalarType::number:
        break;
    }
    return "a number";
}

} // namespace gatehouse::runtime
