// Segment: one file of log records, named after the seq of its first record. Keeps a sparse index
// in memory (one entry every 64 KiB), so that a reader with a cursor does not read the whole file.
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/base/unique_fd.hpp"
#include "runtime/logs/log_store.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

namespace gatehouse::runtime {

class Segment {
  public:
    Segment(std::filesystem::path path, std::uint64_t first_seq, std::uint64_t size_bytes);

    static std::filesystem::path file_name(std::uint64_t first_seq);
    // The first seq out of a file name, nothing if it is no segment's.
    static std::optional<std::uint64_t> parse_name(const std::filesystem::path& name);

    // Reads the whole file, cuts it after the last whole record and opens it for appending.
    // Returns the seq of the last record, first_seq - 1 if there is none.
    Result<std::uint64_t> recover_for_append();
    Result<void> create();
    // One write. On failure the file keeps its earlier length.
    Result<void> append(std::string_view record, std::uint64_t seq);
    void close_for_append() { fd_.reset(); }

    // Adds records with seq > after_seq to `records` until it holds max_count. Stops at damage.
    void read_after(std::uint64_t after_seq, std::size_t max_count,
                    std::vector<LogRecord>& records);

    std::uint64_t first_seq() const { return first_seq_; }
    std::uint64_t size_bytes() const { return size_bytes_; }
    const std::filesystem::path& path() const { return path_; }

  private:
    struct IndexEntry {
        std::uint64_t seq = 0;
        std::uint64_t offset = 0;
    };
    void note_record(std::uint64_t seq, std::uint64_t offset);
    std::uint64_t offset_for(std::uint64_t after_seq) const;

    std::filesystem::path path_;
    std::uint64_t first_seq_;
    std::uint64_t size_bytes_;
    std::vector<IndexEntry> index_;
    UniqueFd fd_; // open only on the newest segment
};

} // namespace gatehouse::runtime
