// The bytes of one log record on disk, version 2 (little-endian): marker (2 bytes), payload length
// (u16), CRC-32C of the payload (u32), then the payload: seq (u64), wall time in microseconds
// (i64), monotonic time in microseconds (i64), instance (u64), stream, level, flags, number of
// calls, length of the member (a byte each), member, calls (u64 each), text.
//
// The CRC starts from a seed that is random for each file: what a connector writes cannot look like
// a record of its log, even if the file is damaged right before it. Pure.
#pragma once

#include "runtime/logs/log_store.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::runtime {

constexpr std::size_t record_header_bytes = 8;
constexpr std::size_t record_fields_bytes = 37;
constexpr std::size_t record_min_bytes = record_header_bytes + record_fields_bytes;
constexpr std::size_t record_member_max_bytes = 64;
constexpr std::size_t record_calls_max_count = 8;
constexpr std::size_t record_max_bytes =
    record_min_bytes + record_member_max_bytes + record_calls_max_count * 8 + log_line_max_bytes;
constexpr std::string_view record_marker = "\xC7\x1E";

// A record whose texts belong to somebody else: what is about to be written, or lies in a buffer.
struct RecordView {
    std::uint64_t seq = 0;
    std::int64_t time_us = 0;
    std::int64_t steady_us = 0;
    std::uint64_t instance = 0;
    LogStream stream = LogStream::standard_error;
    LogLevel level = LogLevel::none;
    bool continued = false;
    std::uint8_t calls_count = 0;
    std::array<std::uint64_t, record_calls_max_count> calls{}; // the first calls_count of them
    std::string_view member;
    std::string_view text;
    std::size_t size_bytes = 0; // of the whole record on disk; set when read
};

// Longer members and further calls are left out; the text must not be too long.
void encode_record(const RecordView& record, std::uint32_t seed, std::string& out);

// The record at the beginning of `bytes`; nothing if it is torn, damaged or no record. The texts
// point into `bytes`.
std::optional<RecordView> decode_record(std::string_view bytes, std::uint32_t seed);

std::int64_t micros_of(WallTime time);
LogRecord to_record(const RecordView& view);

} // namespace gatehouse::runtime
