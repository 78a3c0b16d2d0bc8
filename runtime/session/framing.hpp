// Framer: cuts the byte stream of a connector's stdout into lines. Pure: the caller reads into
// prepare(), says how much with commit(), and takes lines with next(). Memory stays below twice
// frame_max_bytes plus a few reads, whatever the connector sends; each byte is looked at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace gatehouse::runtime {

constexpr std::size_t read_min_bytes = 64ULL << 10;
constexpr std::size_t read_max_bytes = 1ULL << 20;
// What is kept of a line that is too long, to say whose it was and to show it.
constexpr std::size_t oversize_head_bytes = 16ULL << 10;
constexpr std::size_t oversize_tail_bytes = 256;

// Views into the framer, valid until its next member call other than take().
struct Line {
    std::string_view text; // without line end and byte order mark; the head if `oversize`
    std::string_view tail; // of an oversize line only
    std::size_t length_bytes = 0;
    bool oversize = false;
};

class Framer {
  public:
    explicit Framer(std::size_t frame_max_bytes);

    // Room for the next read, at least read_min_bytes; larger while a large line is coming in.
    std::span<char> prepare();
    void commit(std::size_t read_bytes);
    // The next complete line; blank lines are passed over.
    std::optional<Line> next();
    // At the end of the stream: what came after the last newline, if anything.
    std::optional<Line> last();
    // The text of the line that next() gave last, as its own string. A large line is moved, not
    // copied; views into it stay valid as long as the string lives.
    std::string take();

    // True while a line longer than one read is incomplete.
    bool large_line_coming() const { return end_ - begin_ > read_min_bytes; }
    // The line that is too long and has not ended yet: how long it is so far, 0 if there is none,
    // and which one of its kind it is.
    std::size_t unended_bytes() const { return skipping_ ? skipped_bytes_ : 0; }
    std::uint64_t unended_number() const { return skips_begun_; }

  private:
    Line line_at(std::size_t newline);
    void start_skipping();
    std::optional<Line> finish_skipping(std::size_t newline);
    void keep_tail(std::string_view more);

    std::size_t frame_max_bytes_;
    std::string buffer_;      // its size is the room there is; [begin_, end_) holds bytes
    std::size_t begin_ = 0;   // start of the line being assembled
    std::size_t scanned_ = 0; // no newline in [begin_, scanned_)
    std::size_t end_ = 0;
    std::string_view taken_; // the line given last
    bool skipping_ = false;  // inside a line that is too long
    std::size_t skipped_bytes_ = 0;
    std::uint64_t skips_begun_ = 0;
    std::string head_;
    std::string tail_;
};

} // namespace gatehouse::runtime
