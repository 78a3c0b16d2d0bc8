// LineSplitter: a stream of bytes in lines of at most 16 KiB; longer ones come out in pieces. Lines
// that arrive whole are not copied. Pure.
#pragma once

#include "runtime/logs/log_store.hpp"

#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::runtime {

struct SkippedLines {
    std::uint64_t lines = 0;
    std::uint64_t bytes = 0;
};

class LineSplitter {
  public:
    // How many bytes at the end of an unfinished text must wait for what follows, because a secret
    // may begin there (ConnectorLog::hold_back). Empty: none.
    using HoldBack = std::function<std::size_t(std::string_view)>;
    explicit LineSplitter(HoldBack hold_back = {}) : hold_back_(std::move(hold_back)) {}

    // Adds the lines that end in `bytes`. Their texts stay valid until the next call of any
    // function here and as long as `bytes`.
    void feed(std::string_view bytes, std::vector<LogLine>& lines);
    // Adds the unfinished rest, if any: 1 s without a newline, or the end of the stream, where
    // nothing is held back any more.
    void flush(std::vector<LogLine>& lines);
    void finish(std::vector<LogLine>& lines);
    // Leaves these bytes out, and of a line that is cut by it the rest too, so that no later line
    // begins in the middle.
    void skip(std::string_view bytes);
    // What was left out since the last call; a line counts where it ends.
    SkippedLines take_skipped();
    bool has_partial() const { return !partial_.empty(); }

  private:
    void add(std::string_view text, std::vector<LogLine>& lines);
    std::string_view without_skipped_rest(std::string_view bytes);
    std::size_t piece_bytes(std::string_view text) const;
    // Cuts pieces off a text without newline until it fits a line; returns what is left.
    std::string_view cut_pieces(std::string_view text, std::vector<LogLine>& lines);

    HoldBack hold_back_;
    std::string partial_;
    std::deque<std::string> done_; // texts of lines that were not whole in one read
    SkippedLines skipped_;
    bool mid_line_ = false; // a piece of the line that goes on was given out
    bool skipping_ = false; // up to the next newline
};

} // namespace gatehouse::runtime
