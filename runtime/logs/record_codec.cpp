#include "runtime/logs/record_codec.hpp"

#include "runtime/base/assert.hpp"

#include <boost/crc.hpp>

namespace gatehouse::runtime {

namespace {

template <class Unsigned>
void put_little_endian(Unsigned value, std::string& out) {
    for (std::size_t index = 0; index < sizeof(Unsigned); ++index) {
        out.push_back(static_cast<char>(static_cast<unsigned char>(value >> (8 * index))));
    }
}

template <class Unsigned>
Unsigned get_little_endian(std::string_view bytes) {
    Unsigned value = 0;
    for (std::size_t index = 0; index < sizeof(Unsigned); ++index) {
        const auto byte = static_cast<Unsigned>(static_cast<unsigned char>(bytes[index]));
        value = static_cast<Unsigned>(value | static_cast<Unsigned>(byte << (8 * index)));
    }
    return value;
}

std::uint32_t crc32_of(std::string_view bytes) {
    boost::crc_32_type crc;
    crc.process_bytes(bytes.data(), bytes.size());
    return crc.checksum();
}

} // namespace

void encode_record(const LogRecord& record, std::string& out) {
    GH_ASSERT(record.text.size() <= LineSplitter::line_max_bytes);
    using std::chrono::microseconds;
    const auto since_epoch = record.time.time_since_epoch();
    const auto micros = std::chrono::duration_cast<microseconds>(since_epoch).count();
    std::string payload;
    payload.reserve(record_fields_bytes + record.text.size());
    put_little_endian(record.seq, payload);
    put_little_endian(static_cast<std::uint64_t>(micros), payload);
    put_little_endian(record.instance.value, payload);
    payload.push_back(static_cast<char>(record.stream));
    payload.append(record.text);
    put_little_endian(static_cast<std::uint32_t>(payload.size()), out);
    put_little_endian(crc32_of(payload), out);
    out.append(payload);
}

std::optional<RecordHead> peek_record(std::string_view bytes) {
    if (bytes.size() < record_header_bytes + record_fields_bytes) {
        return std::nullopt;
    }
    const std::size_t payload_bytes = get_little_endian<std::uint32_t>(bytes);
    const std::size_t size_bytes = record_header_bytes + payload_bytes;
    // A hole of zeros reads as length 0, which no record has.
    if (payload_bytes < record_fields_bytes || size_bytes > record_max_bytes ||
        size_bytes > bytes.size()) {
        return std::nullopt;
    }
    RecordHead head;
    head.seq = get_little_endian<std::uint64_t>(bytes.substr(record_header_bytes));
    head.size_bytes = size_bytes;
    return head;
}

std::optional<LogRecord> decode_record(std::string_view bytes) {
    const auto head = peek_record(bytes);
    if (!head) {
        return std::nullopt;
    }
    const std::string_view payload =
        bytes.substr(record_header_bytes, head->size_bytes - record_header_bytes);
    if (crc32_of(payload) != get_little_endian<std::uint32_t>(bytes.substr(4))) {
        return std::nullopt;
    }
    const auto stream = static_cast<unsigned char>(payload[24]);
    if (stream > static_cast<unsigned char>(LogStream::egress)) {
        return std::nullopt;
    }
    LogRecord record;
    record.seq = head->seq;
    const auto micros =
        static_cast<std::int64_t>(get_little_endian<std::uint64_t>(payload.substr(8)));
    record.time = WallTime(std::chrono::microseconds(micros));
    record.instance = InstanceId{get_little_endian<std::uint64_t>(payload.substr(16))};
    record.stream = static_cast<LogStream>(stream);
    record.text = payload.substr(record_fields_bytes);
    return record;
}

} // namespace gatehouse::runtime
