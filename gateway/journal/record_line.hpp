// One record as one line: writing it and taking it apart again. A line is
//   {"seq":N,"time":"…","kind":"…", …fields…,"prev":"<64 hex>","hash":"<64 hex>"}\n
// `prev` and `hash` stand at fixed places from the end, so that the chain is proved without a JSON
// parser. Pure. Used by the journal and its readers.
#pragma once

#include "gateway/journal/journal.hpp"
#include "gateway/journal/sha256.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::gateway {

constexpr std::size_t journal_arguments_max_bytes = 4096;
// Any other field is cut there: what a client says about itself must not grow the journal.
constexpr std::size_t journal_field_max_bytes = 2048;
// What readers accept; the writer's worst case is a quarter of it.
constexpr std::size_t journal_line_max_bytes = 1 << 20;

// Where a chain stands: the last record's number and hash.
struct ChainPosition {
    std::uint64_t seq = 0;
    HexDigest hash = zero_digest();
};

// Appends lines to a buffer and moves the position on.
class RecordWriter {
  public:
    void write(const JournalRecord& record, WallTime time, ChainPosition& chain,
               std::string& buffer);

  private:
    void write_time(WallTime time, std::string& buffer);
    void write_arguments(std::string_view arguments, std::string& buffer);

    JournalHasher hasher_;
    // The text of the second last written; most records share it with the one before.
    std::int64_t second_ = INT64_MIN;
    std::string second_text_;
};

struct RecordLineParts {
    std::uint64_t seq = 0;
    std::string_view prev;
    std::string_view hash;
    std::string_view hashed; // the bytes the hash is over
};

// `line` without its newline. Empty if it does not have the form above.
std::optional<RecordLineParts> parse_record_line(std::string_view line);

} // namespace gatehouse::gateway
