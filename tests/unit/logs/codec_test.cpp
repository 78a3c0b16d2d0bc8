#include "runtime/logs/crc32c.hpp"
#include "tests/unit/logs/log_fixture.hpp"

using namespace gatehouse;
using namespace gatehouse::runtime;
using namespace gatehouse::runtime::test;

TEST_CASE("CRC-32C is that of RFC 3720, with and without the processor's help") {
    CHECK(crc32c(0, "123456789") == 0xE3069283U);
    CHECK(crc32c(0, std::string(32, '\0')) == 0x8A9136AAU);
    std::string bytes;
    for (int count = 0; count < 300; ++count) {
        bytes.push_back(static_cast<char>(count * 7));
        REQUIRE(crc32c(99, bytes) == crc32c_portable(99, bytes));
    }
}

TEST_CASE("a record comes back as it was, and under another seed not at all") {
    RecordView record;
    record.seq = 7;
    record.time_us = -5;
    record.steady_us = 12;
    record.instance = 3;
    record.stream = LogStream::egress;
    record.level = gatehouse::runtime::LogLevel::critical;
    record.continued = true;
    record.calls_count = 2;
    record.calls[0] = 11;
    record.calls[1] = 12;
    record.member = "0f3a";
    const std::string text("caf\xff\0\n\x1b[1m", 10);
    record.text = text;
    std::string bytes;
    encode_record(record, 1234, bytes);
    const std::string followed = bytes + "more";
    const auto read = decode_record(followed, 1234);
    REQUIRE(read.has_value());
    CHECK(read->size_bytes == bytes.size());
    const LogRecord made = to_record(*read);
    CHECK(made.seq == 7);
    CHECK(micros_of(made.time) == -5);
    CHECK(made.steady_us == 12);
    CHECK(made.instance == InstanceId{3});
    CHECK(made.stream == LogStream::egress);
    CHECK(made.continued);
    CHECK(made.calls == std::vector<CallId>{CallId{11}, CallId{12}});
    CHECK(made.member == "0f3a");
    CHECK(made.text == text);
    CHECK_FALSE(decode_record(bytes, 1235).has_value());
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        REQUIRE_FALSE(decode_record(std::string_view(bytes).substr(0, length), 1234).has_value());
    }
}

TEST_CASE("bytes that are no record and no segment do not decode") {
    CHECK_FALSE(decode_record("", 0).has_value());
    CHECK_FALSE(decode_record(std::string(100, '\0'), 0).has_value());
    CHECK_FALSE(decode_record(std::string(100, '\xff'), 0).has_value());
    CHECK_FALSE(decode_segment_header(std::string(200, '\0')).has_value());
    CHECK_FALSE(Segment::parse_name("00000000000000000000.log").has_value());
    CHECK_FALSE(Segment::parse_name("notes.log").has_value());
    CHECK(Segment::parse_name(Segment::file_name(42)) == 42);
}

TEST_CASE("a segment's header survives damage in one of its two copies") {
    SegmentHeader header;
    header.seed = 5;
    header.first_seq = 9;
    header.floor_us = 77;
    header.newest_instance = 4;
    const std::string bytes = encode_segment_header(header);
    REQUIRE(bytes.size() == segment_header_bytes);
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        std::string damaged = bytes;
        damaged[at] = static_cast<char>(damaged[at] ^ 4);
        const auto read = decode_segment_header(damaged);
        REQUIRE(read.has_value());
        REQUIRE(read->seed == 5);
        REQUIRE(read->floor_us == 77);
    }
}
