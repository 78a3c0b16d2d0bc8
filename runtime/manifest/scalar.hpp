// What a plain scalar means, by the YAML 1.2 core rules: `no`, `on` and `yes` are strings. Pure.
#pragma once

#include "runtime/manifest/document.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace gatehouse::runtime {

enum class ScalarType { string, boolean, integer, number };

// Booleans are true and false only; integers and numbers include the forms that are refused later
// (0x1F, 007, .inf), so that a text that looks like a number is never taken for a string.
ScalarType scalar_type(const Node& scalar);

// A decimal integer without leading zeros; empty if the text is another form or does not fit.
std::optional<std::int64_t> decimal_integer(const std::string& text);
// A finite decimal number; empty otherwise.
std::optional<double> decimal_number(const std::string& text);

// "a string", "a boolean", "a number", "a list", "a map", "nothing": for messages.
const char* type_text(const Node& node);

} // namespace gatehouse::runtime
