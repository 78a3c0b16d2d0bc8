#include "gateway/cli/table.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace gatehouse::gateway {

namespace {

constexpr std::size_t column_gap = 2;
constexpr std::size_t last_column_min_width = 16;
constexpr std::size_t column_min_width = 4;
constexpr std::size_t below_indent = 4;

std::vector<std::size_t> natural_widths(const Table& table) {
    std::vector<std::size_t> widths;
    for (const std::string& header : table.headers) {
        widths.push_back(display_width(header));
    }
    for (const auto& row : table.rows) {
        for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i) {
            widths[i] = std::max(widths[i], display_width(escape_controls(row[i].text)));
        }
    }
    return widths;
}

std::size_t widths_total(const std::vector<std::size_t>& widths) {
    std::size_t total = column_gap * (widths.size() - 1);
    for (const std::size_t width : widths) {
        total += width;
    }
    return total;
}

void fit_widths(std::vector<std::size_t>& widths, std::size_t limit) {
    const std::size_t total = widths_total(widths);
    std::size_t excess = total > limit ? total - limit : 0;
    const auto give = [&excess](std::size_t& width, std::size_t least) {
        const std::size_t cut = std::min(excess, width > least ? width - least : 0);
        width -= cut;
        excess -= cut;
        return cut > 0;
    };
    give(widths.back(), last_column_min_width);
    while (excess > 0 && widths.size() > 1) {
        auto& widest = *std::max_element(widths.begin(), widths.end() - 1);
        if (!give(widest, std::max(column_min_width, widest - 1))) {
            break;
        }
    }
}

void append_row(std::string& out, const std::vector<Cell>& row,
                const std::vector<std::size_t>& widths, bool colour) {
    std::string line;
    std::size_t owed_blanks = 0;
    for (std::size_t i = 0; i < widths.size(); ++i) {
        const std::string text =
            i < row.size() ? cut_to_width(escape_controls(row[i].text), widths[i]) : "";
        if (!text.empty()) {
            line.append(owed_blanks, ' ');
            owed_blanks = 0;
            line += tinted(text, row[i].tint, colour);
        }
        owed_blanks += widths[i] - display_width(text) + column_gap;
    }
    out += line;
    out += '\n';
}

// What the last column needs at least.
std::size_t last_width(const Table& table, bool fold) {
    std::size_t width = display_width(table.headers.back());
    for (const auto& row : table.rows) {
        const std::size_t text = row.empty() ? 0 : display_width(escape_controls(row.back().text));
        const bool brief = fold && !row.empty() && !row.back().brief.empty();
        const std::size_t least = brief ? display_width(row.back().brief) : last_column_min_width;
        width = std::max(width, std::min(text, least));
    }
    return width;
}

// Without the expendable columns for which there is no room.
Table narrowed(Table table, const TableStyle& style) {
    for (const std::string& header : table.expendable) {
        std::vector<std::size_t> widths = natural_widths(table);
        widths.back() = last_width(table, style.fold);
        const auto found = std::find(table.headers.begin(), table.headers.end(), header);
        if (widths_total(widths) <= style.width || found == table.headers.end()) {
            continue;
        }
        const auto column = found - table.headers.begin();
        table.headers.erase(found);
        for (auto& row : table.rows) {
            if (std::cmp_less(column, row.size())) {
                row.erase(row.begin() + column);
            }
        }
    }
    return table;
}

// Rows whose last cell has no room for its text show it in brief and the rest below.
Table folded(Table table, std::size_t width) {
    std::vector<std::size_t> widths = natural_widths(table);
    widths.back() = 0;
    const std::size_t others = widths_total(widths);
    const std::size_t room = width > others ? width - others : 0;
    for (auto& row : table.rows) {
        if (row.empty()) {
            continue;
        }
        Cell& last = row.back();
        if (last.brief.empty() || display_width(escape_controls(last.text)) <= room) {
            last.below.clear();
        } else {
            last.text = last.brief;
        }
    }
    return table;
}

} // namespace

std::string render_table(const Table& given, const TableStyle& style) {
    if (given.headers.empty()) {
        return {};
    }
    Table table = style.width == TableStyle::uncut ? given : narrowed(given, style);
    table = style.fold ? folded(std::move(table), style.width) : std::move(table);
    std::vector<std::size_t> widths = natural_widths(table);
    if (style.width != TableStyle::uncut) {
        fit_widths(widths, style.width);
    }
    std::vector<Cell> head;
    for (const std::string& header : table.headers) {
        head.push_back({header, Tint::dim});
    }
    std::string out;
    append_row(out, head, widths, style.colour);
    for (const auto& row : table.rows) {
        append_row(out, row, widths, style.colour);
        if (style.fold && !row.empty()) {
            for (const std::string& line : row.back().below) {
                out += wrapped_text(line, style.width, below_indent);
            }
        }
    }
    return out;
}

std::string wrapped_text(std::string_view text, std::size_t width, std::size_t indent) {
    const std::string safe = escape_controls(text);
    const std::size_t room = std::max<std::size_t>(width > indent ? width - indent : 0, 20);
    std::string out;
    std::string line;
    const auto end_line = [&out, &line, indent] {
        out.append(indent, ' ');
        out += line + "\n";
        line.clear();
    };
    for (std::string_view rest = safe; !rest.empty();) {
        const std::size_t end = std::min(rest.find(' '), rest.size());
        const std::string_view word = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (!line.empty() && display_width(line) + 1 + display_width(word) > room) {
            end_line();
        }
        line += (line.empty() ? "" : " ") + std::string(word);
        // A word without blanks, such as a path, is broken where the line ends.
        while (display_width(line) > room) {
            const std::string head = cut_to_width(line, room + 1);
            const std::string kept = head.substr(0, head.size() - std::string_view("…").size());
            std::string tail = line.substr(kept.size());
            line = kept;
            end_line();
            line = std::move(tail);
        }
    }
    if (!line.empty()) {
        end_line();
    }
    return out;
}

} // namespace gatehouse::gateway
