#include "connectors/echo/json_view.hpp"

namespace echo_connector {
namespace {

constexpr std::size_t npos = std::string_view::npos;

std::size_t skip_space(std::string_view text, std::size_t at) {
    while (at < text.size() &&
           (text[at] == ' ' || text[at] == '\t' || text[at] == '\r' || text[at] == '\n')) {
        ++at;
    }
    return at;
}

// `at` is on the opening quote; the result is behind the closing one.
std::size_t skip_string(std::string_view text, std::size_t at) {
    for (++at; at < text.size(); ++at) {
        if (text[at] == '\\') {
            ++at;
        } else if (text[at] == '"') {
            return at + 1;
        }
    }
    return npos;
}

// `at` is on the opening bracket. Brackets are counted, not matched by kind.
std::size_t skip_nested(std::string_view text, std::size_t at) {
    std::size_t depth = 0;
    while (at < text.size()) {
        const char c = text[at];
        if (c == '"') {
            at = skip_string(text, at);
            if (at == npos) {
                return npos;
            }
            continue;
        }
        if (c == '{' || c == '[') {
            ++depth;
        } else if ((c == '}' || c == ']') && --depth == 0) {
            return at + 1;
        }
        ++at;
    }
    return npos;
}

std::size_t skip_value(std::string_view text, std::size_t at) {
    if (at >= text.size()) {
        return npos;
    }
    if (text[at] == '"') {
        return skip_string(text, at);
    }
    if (text[at] == '{' || text[at] == '[') {
        return skip_nested(text, at);
    }
    const std::size_t end = text.find_first_of(",}] \t\r\n", at);
    return end == at ? npos : (end == npos ? text.size() : end);
}

void keep(std::string_view name, std::string_view value, Wanted* wanted, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        if (wanted[i].name == name) {
            wanted[i].value = value;
        }
    }
}

} // namespace

bool cut_members(std::string_view object, Wanted* wanted, std::size_t count) {
    std::size_t at = skip_space(object, 0);
    if (at >= object.size() || object[at] != '{') {
        return false;
    }
    at = skip_space(object, at + 1);
    if (at < object.size() && object[at] == '}') {
        return skip_space(object, at + 1) == object.size();
    }
    while (at < object.size() && object[at] == '"') {
        const std::size_t name_end = skip_string(object, at);
        if (name_end == npos) {
            return false;
        }
        const std::string_view name = object.substr(at + 1, name_end - at - 2);
        at = skip_space(object, name_end);
        if (at >= object.size() || object[at] != ':') {
            return false;
        }
        const std::size_t value_at = skip_space(object, at + 1);
        const std::size_t value_end = skip_value(object, value_at);
        if (value_end == npos) {
            return false;
        }
        keep(name, object.substr(value_at, value_end - value_at), wanted, count);
        at = skip_space(object, value_end);
        if (at < object.size() && object[at] == '}') {
            return skip_space(object, at + 1) == object.size();
        }
        if (at >= object.size() || object[at] != ',') {
            return false;
        }
        at = skip_space(object, at + 1);
    }
    return false;
}

std::string_view unquoted(std::string_view raw) {
    return is_string(raw) ? raw.substr(1, raw.size() - 2) : std::string_view{};
}

} // namespace echo_connector
