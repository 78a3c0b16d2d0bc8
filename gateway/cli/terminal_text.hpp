// Text on its way to a terminal: widths, cutting, and the escaping of bytes that would steer it.
// Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gatehouse::gateway {

// Code points; good enough for the names and messages shown here (no wide scripts in columns).
std::size_t display_width(std::string_view text);
// At most `width` code points; what is cut is marked by "…".
std::string cut_to_width(std::string_view text, std::size_t width);
// Control bytes (C0 but tab, DEL, C1), bidirectional overrides and bytes that are not UTF-8 become
// \xNN.
std::string escape_controls(std::string_view text);

enum class Tint { none, good, warn, bad, dim };
// Wraps the text in the colour's escape sequence if `colour` is on.
std::string tinted(std::string_view text, Tint tint, bool colour);
// healthy is good; idle, stopped, starting, unknown are dim; degraded is a warning; the rest is
// bad.
Tint tint_of_health(std::string_view health);

} // namespace gatehouse::gateway
