#include "runtime/logs/line_splitter.hpp"

#include <algorithm>
#include <utility>

namespace gatehouse::runtime {

void LineSplitter::add(std::string_view text, std::vector<LogLine>& lines) {
    // The newline of a line whose text was given out already is no line of its own.
    if (!text.empty() || !mid_line_) {
        lines.push_back(LogLine{text, mid_line_});
    }
}

std::string_view LineSplitter::without_skipped_rest(std::string_view bytes) {
    if (!skipping_) {
        return bytes;
    }
    const std::size_t newline = bytes.find('\n');
    const bool ended = newline != std::string_view::npos;
    const std::size_t rest = ended ? newline + 1 : bytes.size();
    skipped_.bytes += rest;
    skipped_.lines += ended ? 1 : 0;
    skipping_ = !ended;
    return bytes.substr(rest);
}

std::size_t LineSplitter::piece_bytes(std::string_view text) const {
    // Holding back more than half a piece would be another way to lose the text.
    const std::size_t held = hold_back_ ? hold_back_(text) : 0;
    return text.size() - std::min(held, text.size() / 2);
}

std::string_view LineSplitter::cut_pieces(std::string_view text, std::vector<LogLine>& lines) {
    while (text.size() > log_line_max_bytes) {
        const std::size_t size = piece_bytes(text.substr(0, log_line_max_bytes));
        add(text.substr(0, size), lines);
        mid_line_ = true;
        text.remove_prefix(size);
    }
    return text;
}

void LineSplitter::feed(std::string_view bytes, std::vector<LogLine>& lines) {
    done_.clear();
    bytes = without_skipped_rest(bytes);
    while (!bytes.empty()) {
        const std::size_t newline = bytes.find('\n');
        const bool ended = newline != std::string_view::npos;
        std::string_view text = bytes.substr(0, newline);
        bytes.remove_prefix(ended ? newline + 1 : bytes.size());
        if (!partial_.empty()) {
            partial_.append(text);
            text = done_.emplace_back(std::exchange(partial_, {}));
        }
        text = cut_pieces(text, lines);
        if (!ended) {
            partial_.assign(text);
            return;
        }
        add(text, lines);
        mid_line_ = false;
    }
}

void LineSplitter::flush(std::vector<LogLine>& lines) {
    done_.clear();
    if (partial_.empty()) {
        return;
    }
    const std::size_t held = hold_back_ ? std::min(hold_back_(partial_), partial_.size()) : 0;
    std::string rest = partial_.substr(partial_.size() - held);
    partial_.resize(partial_.size() - held);
    if (!partial_.empty()) {
        add(done_.emplace_back(std::move(partial_)), lines);
        mid_line_ = true;
    }
    partial_ = std::move(rest);
}

void LineSplitter::finish(std::vector<LogLine>& lines) {
    done_.clear();
    if (!partial_.empty()) {
        add(done_.emplace_back(std::exchange(partial_, {})), lines);
    }
    skipped_.lines += std::exchange(skipping_, false) ? 1 : 0;
    mid_line_ = false;
}

void LineSplitter::skip(std::string_view bytes) {
    if (bytes.empty()) {
        return;
    }
    skipped_.bytes += partial_.size() + bytes.size();
    skipped_.lines += static_cast<std::uint64_t>(std::count(bytes.begin(), bytes.end(), '\n'));
    skipping_ = bytes.back() != '\n';
    partial_.clear();
    mid_line_ = false;
}

SkippedLines LineSplitter::take_skipped() {
    return std::exchange(skipped_, {});
}

} // namespace gatehouse::runtime
