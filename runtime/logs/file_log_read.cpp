// FileLog: the readers' side. A reading opens the files for itself and holds nothing between two
// pages, so a slow reader never holds the writer.
#include "runtime/logs/file_log.hpp"

#include <algorithm>
#include <utility>

namespace gatehouse::runtime {

namespace {

// What one page may look at, so that a reading leaves the loop to others soon.
constexpr std::uint64_t plain_scan_max_bytes = 4ULL << 20;
constexpr std::uint64_t grep_scan_max_bytes = 1ULL << 20;

// Where in the index a reading begins: the last piece all of whose predecessors are too old or
// before the cursor.
std::uint64_t start_offset(const std::vector<Segment::IndexEntry>& index, std::uint64_t after_seq,
                           std::int64_t since_us) {
    const auto past = std::partition_point(index.begin(), index.end(), [&](const auto& entry) {
        return entry.seq <= after_seq + 1 || entry.floor_us < since_us;
    });
    return past == index.begin() ? segment_header_bytes : std::prev(past)->offset;
}

} // namespace

// One page in the making.
struct FileLog::Reading {
    Reading(const RecordFilter& wanted, std::size_t count, std::size_t bytes)
        : filter(wanted), max_count(count), max_bytes(bytes),
          scan_left(wanted.has_pattern() ? grep_scan_max_bytes : plain_scan_max_bytes) {}

    // Whether there was work left for this many bytes of the disk.
    bool spend(std::uint64_t bytes) {
        if (scan_left == 0) {
            return false;
        }
        scan_left -= std::min(scan_left, bytes);
        return true;
    }
    bool has_room_for(const RecordView& record) const {
        return page.records.size() < max_count &&
               (page.records.empty() || text_bytes + record.text.size() <= max_bytes);
    }
    void take(const RecordView& record) {
        text_bytes += record.text.size();
        page.records.push_back(to_record(record));
    }

    const RecordFilter& filter;
    std::size_t max_count;
    std::size_t max_bytes;
    std::uint64_t scan_left;
    std::size_t text_bytes = 0;
    LogPage page;
};

LogFilter FileLog::without_previous(const LogFilter& filter) const {
    LogFilter made = filter;
    if (filter.previous) {
        const std::uint64_t previous = segments_.back().facts().previous_instance;
        made.instance = InstanceId{previous != 0 ? previous : UINT64_MAX};
    }
    return made;
}

std::size_t FileLog::segment_of(std::uint64_t seq) const {
    const auto past = std::upper_bound(
        segments_.begin(), segments_.end(), seq,
        [](std::uint64_t wanted, const Segment& segment) { return wanted < segment.first_seq(); });
    return past == segments_.begin() ? 0 : static_cast<std::size_t>(past - segments_.begin()) - 1;
}

// The last segment all of whose predecessors are too old; by the times in the headers, without
// reading the files.
std::size_t FileLog::first_segment(const RecordFilter& filter, std::uint64_t after_seq) {
    std::size_t first = segment_of(after_seq + 1);
    std::size_t end = segments_.size();
    while (end - first > 1) {
        const std::size_t middle = first + (end - first) / 2;
        const SegmentHeader* header = segments_[middle].header();
        if (header == nullptr || header->floor_us >= filter.since_us()) {
            end = middle;
        } else {
            first = middle;
        }
    }
    return first;
}

LogPage FileLog::read(const LogFilter& filter, std::uint64_t after_seq, std::size_t max_count,
                      std::size_t max_bytes) {
    settle_drops();
    const LogFilter resolved = without_previous(filter);
    const RecordFilter wanted(resolved, patterns_.get(filter.grep));
    Reading reading(wanted, max_count, max_bytes);
    reading.page.next = after_seq;
    // Nothing is behind the end; a cursor may also be of an earlier log, or made up.
    if (after_seq >= last_seq_) {
        return std::move(reading.page);
    }
    std::size_t at = segment_of(after_seq + 1);
    if (filter.since) {
        at = first_segment(wanted, after_seq);
    }
    for (; at < segments_.size(); ++at) {
        if (!read_segment(reading, segments_[at], after_seq)) {
            return std::move(reading.page);
        }
    }
    reading.page.next = std::max(after_seq, last_seq_);
    return std::move(reading.page);
}

bool FileLog::read_segment(Reading& reading, Segment& segment, std::uint64_t after_seq) {
    LogPage& page = reading.page;
    const bool was_indexed = segment.is_indexed();
    const std::uint64_t offset =
        start_offset(segment.index(), after_seq, reading.filter.since_us());
    if (!was_indexed) {
        reading.spend(segment.size_bytes() / 4);
    }
    bool ended = false;
    const auto visit = [&](const RecordView& record, std::uint64_t) {
        if (record.seq <= after_seq) {
            return true;
        }
        ended = record.time_us > reading.filter.end_us();
        const bool passes = !ended && reading.filter.passes(record);
        if (ended || !reading.spend(record.size_bytes) ||
            (passes && !reading.has_room_for(record))) {
            return false;
        }
        if (passes) {
            reading.take(record);
        }
        page.next = record.seq;
        return true;
    };
    const auto scan = segment.scan(offset, segment.size_bytes(), visit);
    page.damaged_bytes += scan.damaged_bytes;
    page.more = scan.stopped && !ended;
    if (ended) {
        page.next = std::max(page.next, last_seq_);
    }
    return !scan.stopped;
}

LogPage FileLog::read_last(const LogFilter& filter, std::size_t count, std::uint64_t before_seq) {
    settle_drops();
    const LogFilter resolved = without_previous(filter);
    const RecordFilter wanted(resolved, patterns_.get(filter.grep));
    Reading reading(wanted, count, SIZE_MAX);
    const std::uint64_t before = before_seq == 0 ? last_seq_ + 1 : before_seq;
    reading.page.next = last_seq_;
    reading.page.oldest = before;
    for (std::size_t at = segment_of(before - 1) + 1; at > 0; --at) {
        if (!read_segment_backward(reading, segments_[at - 1], before)) {
            break;
        }
    }
    // They were taken from the newest to the oldest.
    std::reverse(reading.page.records.begin(), reading.page.records.end());
    if (!reading.page.more) {
        reading.page.oldest = 0;
    }
    return std::move(reading.page);
}

// False when the page is full, or nothing older can pass.
bool FileLog::read_segment_backward(Reading& reading, Segment& segment, std::uint64_t before_seq) {
    LogPage& page = reading.page;
    if (!segment.is_indexed() && !reading.spend(segment.size_bytes() / 4)) {
        page.more = true;
        return false;
    }
    const std::vector<Segment::IndexEntry>& index = segment.index();
    if (index.empty()) {
        page.damaged_bytes += segment.header() == nullptr ? segment.size_bytes() : 0;
        return true;
    }
    std::uint64_t end = segment.size_bytes();
    for (auto entry = index.rbegin(); entry != index.rend(); end = entry->offset, ++entry) {
        if (entry->seq >= before_seq || entry->floor_us > reading.filter.end_us()) {
            continue;
        }
        if (!reading.spend(end - entry->offset)) {
            page.more = true;
            return false;
        }
        std::vector<LogRecord> found;
        const auto visit = [&](const RecordView& record, std::uint64_t) {
            if (record.seq < before_seq && reading.filter.passes(record)) {
                found.push_back(to_record(record));
            }
            return record.seq < before_seq;
        };
        page.damaged_bytes += segment.scan(entry->offset, end, visit).damaged_bytes;
        page.oldest = entry->seq;
        while (!found.empty() && page.records.size() < reading.max_count) {
            page.oldest = found.back().seq;
            page.records.push_back(std::move(found.back()));
            found.pop_back();
        }
        const bool first_of_all = &segment == &segments_.front() && entry + 1 == index.rend();
        if (page.records.size() == reading.max_count) {
            page.more = !found.empty() || !first_of_all;
            return false;
        }
        if (entry->floor_us < reading.filter.since_us()) {
            return false;
        }
    }
    return true;
}

} // namespace gatehouse::runtime
