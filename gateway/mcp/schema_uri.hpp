// The little of RFC 3986 and RFC 6901 that $id and $ref need. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::gateway {

struct SchemaUri {
    std::string base;     // without the fragment
    std::string fragment; // percent-decoded
};

// The reference as seen from the base (RFC 3986, 5.2). An empty base is allowed.
SchemaUri resolve_schema_uri(const std::string& base, const std::string& reference);

// The tokens of a JSON Pointer, unescaped; nothing if it is none.
std::optional<std::vector<std::string>> json_pointer_tokens(std::string_view pointer);
// The token with ~ and / escaped.
std::string json_pointer_token(std::string_view token);

} // namespace gatehouse::gateway
