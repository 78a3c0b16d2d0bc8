// What stands at the beginning of a segment, twice, so that one damaged byte does not cost the
// whole file: the seed of its records' CRC, and what was known of the log before it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::runtime {

struct SegmentHeader {
    std::uint32_t seed = 0; // random: see record_codec.hpp
    std::uint64_t first_seq = 1;
    // The latest wall time of any record before this segment. It never falls from one segment to
    // the next, even if the clock was set back, so readers can search by it.
    std::int64_t floor_us = INT64_MIN;
    std::uint64_t newest_instance = 0;   // of all instances before, 0 if none
    std::uint64_t previous_instance = 0; // the one before that
};

constexpr std::size_t segment_header_bytes = 128;

std::string encode_segment_header(const SegmentHeader& header);
// Nothing for a file of another kind or version, or if both copies are damaged.
std::optional<SegmentHeader> decode_segment_header(std::string_view bytes);

// Instances are counted upwards, also over restarts of the daemon: the newest has the largest id.
void note_instance(SegmentHeader& facts, std::uint64_t instance);

} // namespace gatehouse::runtime
