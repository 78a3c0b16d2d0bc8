#include "runtime/logs/segment_header.hpp"

#include "runtime/logs/crc32c.hpp"

#include <cstring>

namespace gatehouse::runtime {

namespace {

constexpr std::string_view segment_magic("GHLOG\r\n\x02", 8);
constexpr std::size_t copy_bytes = segment_header_bytes / 2;
constexpr std::size_t crc_offset = copy_bytes - sizeof(std::uint32_t);

template <class Number>
void put_at(std::string& bytes, std::size_t at, Number value) {
    std::memcpy(bytes.data() + at, &value, sizeof value);
}

template <class Number>
void get_at(std::string_view bytes, std::size_t at, Number& value) {
    std::memcpy(&value, bytes.data() + at, sizeof value);
}

std::optional<SegmentHeader> decode_copy(std::string_view copy) {
    std::uint32_t crc = 0;
    get_at(copy, crc_offset, crc);
    if (!copy.starts_with(segment_magic) || crc != crc32c(0, copy.substr(0, crc_offset))) {
        return std::nullopt;
    }
    SegmentHeader header;
    get_at(copy, 8, header.seed);
    get_at(copy, 16, header.first_seq);
    get_at(copy, 24, header.floor_us);
    get_at(copy, 32, header.newest_instance);
    get_at(copy, 40, header.previous_instance);
    return header;
}

} // namespace

std::string encode_segment_header(const SegmentHeader& header) {
    std::string copy(copy_bytes, '\0');
    std::memcpy(copy.data(), segment_magic.data(), segment_magic.size());
    put_at(copy, 8, header.seed);
    put_at(copy, 16, header.first_seq);
    put_at(copy, 24, header.floor_us);
    put_at(copy, 32, header.newest_instance);
    put_at(copy, 40, header.previous_instance);
    put_at(copy, crc_offset, crc32c(0, std::string_view(copy).substr(0, crc_offset)));
    return copy + copy;
}

std::optional<SegmentHeader> decode_segment_header(std::string_view bytes) {
    if (bytes.size() < segment_header_bytes) {
        return std::nullopt;
    }
    const auto first = decode_copy(bytes.substr(0, copy_bytes));
    return first ? first : decode_copy(bytes.substr(copy_bytes, copy_bytes));
}

void note_instance(SegmentHeader& facts, std::uint64_t instance) {
    if (instance > facts.newest_instance) {
        facts.previous_instance = facts.newest_instance;
        facts.newest_instance = instance;
    } else if (instance < facts.newest_instance && instance > facts.previous_instance) {
        facts.previous_instance = instance;
    }
}

} // namespace gatehouse::runtime
