// Segment: one file of log records, named after the seq of its first record. A sparse index by seq
// and by time (an entry every 64 KiB) lies in memory; for files of an earlier run it is made when
// it is first needed. Damaged bytes are skipped, never the end of a reading.
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/base/unique_fd.hpp"
#include "runtime/logs/record_codec.hpp"
#include "runtime/logs/segment_header.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

namespace gatehouse::runtime {

class Segment {
  public:
    // A file that is there already; its bytes are looked at when they are needed.
    Segment(std::filesystem::path path, std::uint64_t first_seq, std::uint64_t size_bytes);
    static Result<Segment> create(const std::filesystem::path& folder, SegmentHeader header);

    static std::filesystem::path file_name(std::uint64_t first_seq);
    // The first seq out of a file name, nothing if it is no segment's.
    static std::optional<std::uint64_t> parse_name(const std::filesystem::path& name);

    // Opens the newest file for appending and cuts what a kill left behind its last whole record.
    // False if the file is of another kind: it is left as it is.
    Result<bool> recover_for_append();
    // Puts the record behind `out`, which append will write at the end of the file.
    void encode(const RecordView& record, std::string& out);
    // One write. On failure the file keeps its earlier length.
    Result<void> append(std::string_view records);
    void close_for_append() { fd_.reset(); }

    // Where a piece of the file begins, and what is known of all before it.
    struct IndexEntry {
        std::uint64_t seq = 0; // of the first record of the piece
        std::uint64_t offset = 0;
        std::int64_t floor_us = INT64_MIN; // the latest time of any record before
    };
    // Nothing if the file cannot be read.
    const SegmentHeader* header();
    // Never empty if the segment has records; made by reading the file if need be.
    const std::vector<IndexEntry>& index();
    bool is_indexed() const { return indexed_; }

    // Calls `visit` for each intact record of [offset, end) until it returns false.
    using Visit = std::function<bool(const RecordView&, std::uint64_t offset)>;
    struct Scan {
        std::uint64_t offset = 0; // where the first record that was not taken begins
        std::uint64_t damaged_bytes = 0;
        bool stopped = false; // by the visitor
    };
    Scan scan(std::uint64_t offset, std::uint64_t end, const Visit& visit);

    std::uint64_t first_seq() const { return first_seq_; }
    std::uint64_t last_seq() const { return last_seq_; } // known after recovery, of the newest
    std::uint64_t size_bytes() const { return size_bytes_; }
    const SegmentHeader& facts() const { return facts_; } // after its last record, of the newest
    const std::filesystem::path& path() const { return path_; }

  private:
    void note_record(const RecordView& record, std::uint64_t offset);
    void build_index(std::uint64_t& intact_end);
    bool load_header(int fd);

    std::filesystem::path path_;
    std::uint64_t first_seq_;
    std::uint64_t size_bytes_;
    std::uint64_t last_seq_;
    std::optional<SegmentHeader> header_;
    bool header_tried_ = false;
    bool indexed_ = false;
    bool damage_told_ = false;
    SegmentHeader facts_;
    std::vector<IndexEntry> index_;
    UniqueFd fd_; // open only on the newest segment
};

} // namespace gatehouse::runtime
