// FileLog: what goes when the log is full or old.
#include "runtime/logs/file_log.hpp"

#include <algorithm>
#include <system_error>

namespace gatehouse::runtime {

std::uint64_t segment_bytes_for(std::uint64_t max_bytes) {
    return std::min<std::uint64_t>(8ULL << 20, max_bytes / 8);
}

void FileLog::configure(std::uint64_t max_bytes, LogPressure pressure) {
    options_.max_bytes = max_bytes;
    options_.segment_bytes = segment_bytes_for(max_bytes);
    options_.pressure = pressure;
    delete_expired();
}

std::uint64_t FileLog::total_bytes() const {
    std::uint64_t total = 0;
    for (const auto& segment : segments_) {
        total += segment.size_bytes();
    }
    return total;
}

bool FileLog::delete_oldest() {
    if (segments_.size() < 2) {
        return false;
    }
    std::error_code ignored;
    std::filesystem::remove(segments_.front().path(), ignored);
    segments_.erase(segments_.begin());
    return true;
}

void FileLog::delete_expired() {
    // Room for the newest segment to fill up, so that the limit holds between two rolls.
    const std::uint64_t newest_bytes = segments_.back().size_bytes();
    const std::uint64_t room_bytes =
        options_.segment_bytes > newest_bytes ? options_.segment_bytes - newest_bytes : 0;
    std::uint64_t total = total_bytes() + room_bytes;
    while (segments_.size() > 1 && total > options_.max_bytes) {
        total -= segments_.front().size_bytes();
        delete_oldest();
    }
    if (options_.max_age.count() == 0) {
        return;
    }
    const std::int64_t oldest_us = micros_of(clock_.wall_now() - options_.max_age);
    while (segments_.size() > 1) {
        // What a segment says of all before it is the time of the last record of its predecessor.
        const SegmentHeader* next = segments_[1].header();
        if (next == nullptr || next->floor_us >= oldest_us) {
            return;
        }
        delete_oldest();
    }
}

} // namespace gatehouse::runtime
