// What goes to stdout: lines by several threads, each whole.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace faulty {

// Writes the bytes as they are; returns whether all were taken.
bool write_bytes(std::string_view bytes);
// One line; the end of line is added.
void write_line(std::initializer_list<std::string_view> parts);

// `inner` is the inside of a JSON string.
void answer_text(std::string_view id, std::string_view inner);
void answer_result(std::string_view id, std::string_view result);
void refuse(std::string_view id, std::string_view code, std::string_view message);

} // namespace faulty
