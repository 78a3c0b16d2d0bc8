#include "runtime/logs/record_codec.hpp"

#include "runtime/base/assert.hpp"
#include "runtime/logs/crc32c.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace gatehouse::runtime {

static_assert(std::endian::native == std::endian::little, "records are copied as they lie");

namespace {

constexpr unsigned char continued_flag = 1;

template <class Number>
char* put_number(char* at, Number value) {
    std::memcpy(at, &value, sizeof value);
    return at + sizeof value;
}

template <class Number>
Number get_number(std::string_view bytes, std::size_t at) {
    Number value{};
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

// The length is part of what the CRC covers, by way of the seed.
std::uint32_t crc_of_payload(std::uint32_t seed, std::string_view payload) {
    return crc32c(seed ^ static_cast<std::uint32_t>(payload.size()), payload);
}

} // namespace

void encode_record(const RecordView& record, std::uint32_t seed, std::string& out) {
    GH_ASSERT(record.text.size() <= log_line_max_bytes);
    const std::string_view member = record.member.substr(0, record_member_max_bytes);
    const std::size_t calls = std::min<std::size_t>(record.calls_count, record_calls_max_count);
    std::array<char, record_min_bytes> head;
    char* at = head.data() + record_header_bytes;
    at = put_number(at, record.seq);
    at = put_number(at, record.time_us);
    at = put_number(at, record.steady_us);
    at = put_number(at, record.instance);
    at = put_number(at, static_cast<unsigned char>(record.stream));
    at = put_number(at, static_cast<unsigned char>(record.level));
    at = put_number(at, static_cast<unsigned char>(record.continued ? continued_flag : 0));
    at = put_number(at, static_cast<unsigned char>(calls));
    put_number(at, static_cast<unsigned char>(member.size()));
    const std::size_t begin = out.size();
    out.append(head.data(), head.size()).append(member);
    out.append(reinterpret_cast<const char*>(record.calls.data()), calls * sizeof(std::uint64_t));
    out.append(record.text);
    char* const start = out.data() + begin;
    const std::string_view payload(start + record_header_bytes,
                                   out.size() - begin - record_header_bytes);
    std::memcpy(start, record_marker.data(), record_marker.size());
    put_number(start + 2, static_cast<std::uint16_t>(payload.size()));
    put_number(start + 4, crc_of_payload(seed, payload));
}

std::optional<RecordView> decode_record(std::string_view bytes, std::uint32_t seed) {
    if (bytes.size() < record_min_bytes || !bytes.starts_with(record_marker)) {
        return std::nullopt;
    }
    const std::size_t payload_bytes = get_number<std::uint16_t>(bytes, 2);
    RecordView record;
    record.size_bytes = record_header_bytes + payload_bytes;
    if (record.size_bytes < record_min_bytes || record.size_bytes > record_max_bytes ||
        record.size_bytes > bytes.size()) {
        return std::nullopt;
    }
    const std::string_view payload = bytes.substr(record_header_bytes, payload_bytes);
    if (crc_of_payload(seed, payload) != get_number<std::uint32_t>(bytes, 4)) {
        return std::nullopt;
    }
    record.seq = get_number<std::uint64_t>(payload, 0);
    record.time_us = get_number<std::int64_t>(payload, 8);
    record.steady_us = get_number<std::int64_t>(payload, 16);
    record.instance = get_number<std::uint64_t>(payload, 24);
    const auto stream = get_number<unsigned char>(payload, 32);
    const auto level = get_number<unsigned char>(payload, 33);
    record.continued = get_number<unsigned char>(payload, 34) == continued_flag;
    record.calls_count = get_number<unsigned char>(payload, 35);
    const std::size_t member_bytes = get_number<unsigned char>(payload, 36);
    const std::size_t calls_bytes = record.calls_count * sizeof(std::uint64_t);
    if (stream > static_cast<unsigned char>(LogStream::egress) ||
        level > static_cast<unsigned char>(LogLevel::critical) ||
        record.calls_count > record_calls_max_count ||
        record_fields_bytes + member_bytes + calls_bytes > payload_bytes) {
        return std::nullopt;
    }
    record.stream = static_cast<LogStream>(stream);
    record.level = static_cast<LogLevel>(level);
    record.member = payload.substr(record_fields_bytes, member_bytes);
    std::memcpy(record.calls.data(), payload.data() + record_fields_bytes + member_bytes,
                calls_bytes);
    record.text = payload.substr(record_fields_bytes + member_bytes + calls_bytes);
    if (record.text.size() > log_line_max_bytes) {
        return std::nullopt;
    }
    return record;
}

std::int64_t micros_of(WallTime time) {
    using std::chrono::microseconds;
    return std::chrono::duration_cast<microseconds>(time.time_since_epoch()).count();
}

LogRecord to_record(const RecordView& view) {
    LogRecord record;
    record.seq = view.seq;
    record.time = WallTime(std::chrono::microseconds(view.time_us));
    record.steady_us = view.steady_us;
    record.instance = InstanceId{view.instance};
    record.stream = view.stream;
    record.level = view.level;
    record.continued = view.continued;
    record.member = view.member;
    for (std::size_t at = 0; at < view.calls_count; ++at) {
        record.calls.push_back(CallId{view.calls[at]});
    }
    record.text = view.text;
    return record;
}

} // namespace gatehouse::runtime
