// A one-pass JSON scanner that builds no tree: it validates the text (RFC 8259, UTF-8, depth, duplicate
// keys at any depth after unescaping) and says where the members of an object lie, so that large
// arguments and results are checked and spliced through, never rebuilt. Pure.
#pragma once

#include "runtime/base/result.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::runtime {

constexpr std::size_t json_depth_max = 128;

struct JsonMember {
    std::string_view key;    // raw between the quotes (escapes as written)
    std::string_view value;  // exact bytes of the value, without surrounding white space
};

// The members of the object that `text` is. `checked` = the text was validated by validate_json already.
// Errors: GH-M403 with offset and reason.
Result<void> validate_json(std::string_view text);
Result<std::vector<JsonMember>> object_members(std::string_view valid_object);

// Finds a member's value in an already validated object; empty if there is none or it is no object.
std::optional<std::string_view> find_member(std::string_view valid_object, std::string_view key);
// RFC 6901 on already validated text.
std::optional<std::string_view> find_pointer(std::string_view valid_json, std::string_view pointer);
// The text of a valid JSON string literal, unescaped; empty optional if it is no string.
std::optional<std::string> string_value(std::string_view literal);

} // namespace gatehouse::runtime
