// Table: columns without borders, two spaces apart, cut to a width. Pure.
#pragma once

#include "gateway/cli/terminal_text.hpp"

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

namespace gatehouse::gateway {

struct Cell {
    std::string text;
    Tint tint = Tint::none;
    // Of the last cell of a row, for a narrow terminal: what stands there if the text does not fit,
    // and the lines that then follow below the row.
    std::string brief = {};
    std::vector<std::string> below = {};
};

struct Table {
    std::vector<std::string> headers;
    std::vector<std::vector<Cell>> rows; // as many cells as headers
    // Columns that go, the first first, before any other is cut; never the last column.
    std::vector<std::string> expendable = {};
};

struct TableStyle {
    static constexpr std::size_t uncut = std::numeric_limits<std::size_t>::max();
    std::size_t width = 100;
    bool colour = false;
    bool fold = false; // the last cell may go on below its row
};

// The last column takes what is left and is cut (or folded) first; then the widest of the others.
// No trailing blanks.
std::string render_table(const Table& table, const TableStyle& style);
// The words of a text in lines of at most `width`, each begun by `indent` blanks and ended by a
// newline; escaped for a terminal.
std::string wrapped_text(std::string_view text, std::size_t width, std::size_t indent);

} // namespace gatehouse::gateway
