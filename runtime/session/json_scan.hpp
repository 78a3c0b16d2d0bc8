// A one-pass JSON scanner that builds no tree: it validates the text (RFC 8259, UTF-8, depth,
// duplicate keys at any depth after unescaping) and says where the members of an object lie, so
// that large arguments and results are checked and spliced through, never rebuilt. Pure.
//
// Deliberate: an escaped surrogate without its partner ("\ud83d" alone, which JavaScript writes
// when it cuts a text inside an emoji) is accepted inside a string value and passed on as written,
// because RFC 8259 allows it; string_value gives U+FFFD for it. In a key it is refused: readers
// disagree on what such a key is.
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
    std::string_view key;   // raw between the quotes (escapes as written)
    std::string_view value; // exact bytes of the value, without surrounding white space
};

// Checks the whole text. Error GH-M403 with the offset in `where` and the reason in `why`.
Result<void> validate_json(std::string_view text);

// The functions below expect text that validate_json accepted. On other text they give meaningless
// answers or none, but never read outside of it.

// The members in their order. Error GH-M403 if it is no object.
Result<std::vector<JsonMember>> object_members(std::string_view valid_object);
// The elements in their order. Error GH-M403 if it is no array.
Result<std::vector<std::string_view>> array_elements(std::string_view valid_array);

// Finds a member's value in an already validated object; empty if there is none or it is no object.
std::optional<std::string_view> find_member(std::string_view valid_object, std::string_view key);
// RFC 6901 on already validated text.
std::optional<std::string_view> find_pointer(std::string_view valid_json, std::string_view pointer);
// The text of a valid JSON string literal, unescaped; empty optional if it is no string.
std::optional<std::string> string_value(std::string_view literal);

} // namespace gatehouse::runtime
