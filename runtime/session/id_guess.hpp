// Whose answer a line was meant to be that cannot be read as a whole (too long, or broken inside).
// Pure. A wrong guess harms only calls of the connector that sent the line.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace gatehouse::runtime {

// `head` and `tail` are the first and last bytes of the line, and may be the same text. Finds the
// id among the outermost members that are complete in `head`, or as one of the last two members in
// `tail`, the two places where the known SDKs write it. Gives the raw bytes of the id; empty if
// there is none, or if the line names a method and so answers nothing.
std::string_view guess_id(std::string_view head, std::string_view tail);

// An id as this gateway gives them to connectors: a whole number without sign, fraction or leading
// zero.
std::optional<std::uint64_t> upstream_id_of(std::string_view raw);

} // namespace gatehouse::runtime
