// SegmentWriter: the open end of a journal. Recovers it after a crash, writes batches of whole
// lines and goes on in a new segment when one is full. After a failed write the file is as it was
// before it.
#pragma once

#include "gateway/journal/segment.hpp"

#include <memory>
#include <string_view>
#include <vector>

namespace gatehouse::gateway {

class SegmentWriter {
  public:
    // Makes the folder (0700) and the first segment (0600) if there are none, locks the folder,
    // cuts a torn last line. Errors: GH-G901; GH-G902 if the last record was changed, so that no
    // chain can be continued.
    static Result<SegmentWriter> open(const std::filesystem::path& folder,
                                      std::uint64_t segment_max_bytes);

    // Where the chain stood at open().
    const ChainPosition& recovered() const { return recovered_; }
    // All of `lines` or nothing. Error GH-G901.
    Result<void> write(std::string_view lines, std::uint64_t first_seq);
    // What has to be synced for everything written so far to be on disk: the folder and every
    // segment written to since the last call.
    std::vector<std::shared_ptr<UniqueFd>> take_unsynced();

  private:
    Result<void> recover();
    Result<void> recover_segment(const std::filesystem::path& file, bool newest);
    Result<void> start_segment(std::uint64_t first_seq);
    Result<void> open_end(const std::filesystem::path& file, std::uint64_t good_bytes);
    Result<void> check_end(std::uint64_t first_seq);
    Result<void> cut_back();

    std::filesystem::path folder_;
    std::uint64_t segment_max_bytes_ = 0;
    ChainPosition recovered_;
    std::shared_ptr<UniqueFd> folder_fd_; // holds the lock
    std::filesystem::path file_;
    std::shared_ptr<UniqueFd> fd_;
    std::uint64_t good_bytes_ = 0; // whole records end here
    bool cut_pending_ = false;     // bytes of a failed write may lie behind good_bytes_
    bool folder_changed_ = false;
    bool end_written_ = false;
    std::vector<std::shared_ptr<UniqueFd>> unsynced_; // earlier segments
};

} // namespace gatehouse::gateway
