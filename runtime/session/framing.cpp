#include "runtime/session/framing.hpp"

#include "runtime/base/assert.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace gatehouse::runtime {

namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

std::string_view without_line_marks(std::string_view line) {
    if (line.ends_with('\r')) {
        line.remove_suffix(1);
    }
    if (line.starts_with(byte_order_mark)) {
        line.remove_prefix(byte_order_mark.size());
    }
    return line;
}

bool is_blank_line(std::string_view line) {
    return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

} // namespace

Framer::Framer(std::size_t frame_max_bytes) : frame_max_bytes_(frame_max_bytes) {}

std::span<char> Framer::prepare() {
    const std::size_t held = end_ - begin_;
    if (begin_ > 0 && (held == 0 || buffer_.size() - end_ < read_min_bytes)) {
        std::memmove(buffer_.data(), buffer_.data() + begin_, held);
        scanned_ -= begin_;
        end_ = held;
        begin_ = 0;
    }
    // Doubling with the line keeps the copying of growth proportional to its length.
    const std::size_t room = std::clamp(held, read_min_bytes, read_max_bytes);
    if (buffer_.size() - end_ < read_min_bytes) {
        buffer_.resize(std::max(end_ + room, held * 2));
    }
    return {buffer_.data() + end_, std::min(buffer_.size() - end_, read_max_bytes)};
}

void Framer::commit(std::size_t read_bytes) {
    GH_ASSERT(read_bytes <= buffer_.size() - end_);
    end_ += read_bytes;
}

std::optional<Line> Framer::next() {
    while (true) {
        const char* const from = buffer_.data() + scanned_;
        const auto* const found =
            static_cast<const char*>(std::memchr(from, '\n', end_ - scanned_));
        if (found == nullptr) {
            scanned_ = end_;
            if (skipping_ || end_ - begin_ > frame_max_bytes_ + byte_order_mark.size() + 1) {
                start_skipping();
            }
            return std::nullopt;
        }
        const auto newline = static_cast<std::size_t>(found - buffer_.data());
        if (skipping_) {
            return finish_skipping(newline);
        }
        const Line line = line_at(newline);
        if (line.oversize || !is_blank_line(line.text)) {
            return line;
        }
    }
}

Line Framer::line_at(std::size_t newline) {
    const std::string_view whole(buffer_.data() + begin_, newline - begin_);
    begin_ = newline + 1;
    scanned_ = begin_;
    Line line;
    line.text = without_line_marks(whole);
    line.length_bytes = line.text.size();
    line.oversize = line.length_bytes > frame_max_bytes_;
    if (line.oversize) {
        const std::size_t tail = std::min(line.length_bytes, oversize_tail_bytes);
        line.tail = line.text.substr(line.length_bytes - tail);
        line.text = line.text.substr(0, oversize_head_bytes);
    }
    taken_ = line.text;
    return line;
}

// Forgets what came of a line that is too long, except its head and tail. Called again for more of
// it.
void Framer::start_skipping() {
    const std::string_view held(buffer_.data() + begin_, end_ - begin_);
    if (!skipping_) {
        skipping_ = true;
        ++skips_begun_;
        skipped_bytes_ = 0;
        head_.assign(held.substr(0, oversize_head_bytes));
        tail_.clear();
    }
    skipped_bytes_ += held.size();
    keep_tail(held);
    begin_ = scanned_ = end_ = 0;
    if (buffer_.size() > read_max_bytes) {
        buffer_ = std::string();
    }
}

std::optional<Line> Framer::finish_skipping(std::size_t newline) {
    const std::string_view rest(buffer_.data() + begin_, newline - begin_);
    skipped_bytes_ += rest.size();
    keep_tail(rest);
    begin_ = scanned_ = newline + 1;
    skipping_ = false;
    Line line;
    line.text = without_line_marks(head_);
    line.tail = without_line_marks(tail_);
    line.length_bytes = skipped_bytes_;
    line.oversize = true;
    taken_ = line.text;
    return line;
}

void Framer::keep_tail(std::string_view more) {
    more.remove_prefix(more.size() - std::min(more.size(), oversize_tail_bytes));
    const std::size_t kept = oversize_tail_bytes - more.size();
    if (tail_.size() > kept) {
        tail_.erase(0, tail_.size() - kept);
    }
    tail_.append(more);
}

std::optional<Line> Framer::last() {
    if (begin_ == end_ && !skipping_) {
        return std::nullopt;
    }
    std::optional<Line> line = skipping_ ? finish_skipping(end_) : line_at(end_);
    begin_ = scanned_ = end_;
    if (!line->oversize && is_blank_line(line->text)) {
        line.reset();
    }
    return line;
}

std::string Framer::take() {
    const bool fills_the_front = taken_.data() == buffer_.data() && taken_.size() >= read_min_bytes;
    if (!fills_the_front) {
        return std::string(taken_);
    }
    const std::string rest(buffer_.data() + begin_, end_ - begin_);
    std::string whole = std::exchange(buffer_, std::string());
    whole.resize(taken_.size());
    buffer_.resize(std::max(rest.size(), read_min_bytes));
    std::memcpy(buffer_.data(), rest.data(), rest.size());
    begin_ = scanned_ = 0;
    end_ = rest.size();
    taken_ = {};
    return whole;
}

} // namespace gatehouse::runtime
