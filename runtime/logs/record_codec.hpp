// The bytes of one log record on disk: payload length (u32), CRC-32 of the payload (u32), then the
// payload: seq (u64), wall time in microseconds (i64), instance (u64), stream (u8), text.
// Little-endian. Pure.
#pragma once

#include "runtime/logs/log_store.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::runtime {

constexpr std::size_t record_header_bytes = 8;
constexpr std::size_t record_fields_bytes = 25;
constexpr std::size_t record_max_bytes =
    record_header_bytes + record_fields_bytes + LineSplitter::line_max_bytes;

void encode_record(const LogRecord& record, std::string& out);

// What stands at the beginning of some bytes.
struct RecordHead {
    std::uint64_t seq = 0;
    std::size_t size_bytes = 0; // of the whole record
};

// The head without checking the CRC, for skipping; nothing if the bytes do not hold a whole record.
std::optional<RecordHead> peek_record(std::string_view bytes);
// The record with its CRC checked; nothing if it is torn or damaged.
std::optional<LogRecord> decode_record(std::string_view bytes);

} // namespace gatehouse::runtime
