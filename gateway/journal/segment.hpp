// Segments: the files of a journal, named by the number of their first record, so that the order of
// names is the order of records. Finding, naming and reading them; no writing here.
#pragma once

#include "gateway/journal/record_line.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/unique_fd.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::gateway {

std::string segment_name(std::uint64_t first_seq);
// Empty if the name is none of a segment.
std::optional<std::uint64_t> segment_first_seq(const std::string& name);
// The folder's segments in order; other files are left alone. Error GH-G901.
Result<std::vector<std::filesystem::path>> list_segments(const std::filesystem::path& folder);

// Reads a file's lines from its end to its start, in blocks.
class BackwardLines {
  public:
    // Error GH-G901.
    static Result<BackwardLines> open(const std::filesystem::path& file);
    // The bytes after the last newline: a torn write. Also reads over them. Error GH-G901.
    Result<std::uint64_t> skip_torn_tail();
    // The line before, without its newline; empty at the start of the file. Call skip_torn_tail
    // first. The view holds until the next call. Errors GH-G901, GH-G902 (a line without end).
    Result<std::optional<std::string_view>> next();
    std::uint64_t file_bytes() const { return file_bytes_; }

  private:
    Result<bool> read_block(); // false at the start of the file

    std::filesystem::path file_;
    UniqueFd fd_;
    std::uint64_t file_bytes_ = 0;
    std::uint64_t start_ = 0; // offset in the file of buffer_'s first byte
    std::string buffer_;      // bytes [start_, what next() has not given out yet)
};

Error journal_error(std::string what, const std::filesystem::path& where, int error_number);
Error journal_damaged_error(const std::filesystem::path& file, std::string why);

} // namespace gatehouse::gateway
