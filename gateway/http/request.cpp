#include "gateway/http/server.hpp"

#include <algorithm>

namespace gatehouse::gateway {

namespace {

// ASCII only, whatever the locale: header names are tokens.
char lower_ascii(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool same_header_name(std::string_view a, std::string_view b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
               return lower_ascii(x) == lower_ascii(y);
           });
}

} // namespace

std::string_view HttpRequest::path() const {
    const std::string_view all = target;
    return all.substr(0, all.find('?'));
}

std::optional<std::string_view> HttpRequest::header(std::string_view name) const {
    for (const auto& [field, value] : headers) {
        if (same_header_name(field, name)) {
            return value;
        }
    }
    return std::nullopt;
}

std::size_t HttpRequest::header_count(std::string_view name) const {
    return static_cast<std::size_t>(
        std::count_if(headers.begin(), headers.end(),
                      [name](const auto& field) { return same_header_name(field.first, name); }));
}

} // namespace gatehouse::gateway
