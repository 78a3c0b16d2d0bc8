// EventFiles: the lines of the event log in files of a bounded size, "events-<first seq>.jsonl".
// The newest is written to; the oldest is removed when there are too many. One event loop.
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/base/unique_fd.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::runtime {

constexpr std::uint64_t event_files_max_count = 8;

class EventFiles {
  public:
    struct File {
        std::uint64_t first_seq = 0;
        std::filesystem::path path;
    };

    EventFiles(std::filesystem::path folder, std::uint64_t max_bytes);

    // Makes the folder, cuts what is torn at the end of the newest file. Error GH-L802. Value: the
    // seq of the next event.
    Result<std::uint64_t> open();
    // The whole line or nothing. Error GH-L802.
    Result<void> append(std::string_view line, std::uint64_t seq);
    const std::vector<File>& files() const { return files_; } // oldest first
    // All bytes; empty if it cannot be read (any more).
    static std::string content(const File& file);

  private:
    Result<void> start_file(std::uint64_t first_seq);
    Result<std::uint64_t> continue_file();
    void remove_oldest();
    Error failure(const char* what, int error_number) const;

    std::filesystem::path folder_;
    std::uint64_t file_max_bytes_;
    std::vector<File> files_;
    UniqueFd fd_;
    std::uint64_t size_bytes_ = 0; // of the newest
};

} // namespace gatehouse::runtime
