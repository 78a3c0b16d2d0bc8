// The check of a document's bytes before the YAML parser sees them. Pure.
#pragma once

#include "runtime/manifest/document.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::runtime {

struct BadCharacter {
    Place place;
    std::string message;
};

// The first byte that is not UTF-8 or is a control character other than tab and line ends. The
// parser would take some of them for the end of the file and read half a document without a word.
std::optional<BadCharacter> find_bad_character(std::string_view text);

} // namespace gatehouse::runtime
