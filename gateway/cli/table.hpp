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
};

struct Table {
    std::vector<std::string> headers;
    std::vector<std::vector<Cell>> rows; // as many cells as headers
};

struct TableStyle {
    static constexpr std::size_t uncut = std::numeric_limits<std::size_t>::max();
    std::size_t width = 100;
    bool colour = false;
};

// The last column takes what is left and is cut first; then the widest of the others. No trailing
// blanks.
std::string render_table(const Table& table, const TableStyle& style);

} // namespace gatehouse::gateway
