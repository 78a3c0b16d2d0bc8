#include "runtime/logs/log_store.hpp"

#include "runtime/logs/record_codec.hpp"
#include "runtime/logs/secret_masker.hpp"
#include "runtime/logs/segment.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

using namespace gatehouse;
using namespace gatehouse::runtime;

namespace {

struct TempFolder {
    TempFolder() {
        std::string pattern = "/tmp/gh-logs-XXXXXX";
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        path = pattern;
    }
    ~TempFolder() { std::filesystem::remove_all(path); }
    std::filesystem::path path;
};

constexpr std::uint64_t usual_max_bytes = 64ULL << 20;
const ConnectorName notes("notes");

ConnectorLog& open_log(LogStore& store, std::uint64_t max_bytes = usual_max_bytes) {
    auto log = store.open(notes, max_bytes);
    REQUIRE(log.has_value());
    return **log;
}

LogContext of(std::uint64_t instance) {
    LogContext context;
    context.instance = InstanceId{instance};
    return context;
}

std::vector<LogRecord> read_after(ConnectorLog& log, std::uint64_t seq, std::size_t count) {
    return log.read({}, seq, count, 64 << 20).records;
}

std::vector<LogRecord> read_last(ConnectorLog& log, std::size_t count) {
    return log.read_last({}, count).records;
}

std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

void write_file(const std::filesystem::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

std::uint64_t folder_bytes(const std::filesystem::path& folder) {
    std::uint64_t total = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        total += entry.file_size();
    }
    return total;
}

} // namespace

TEST_CASE("a line comes back with its seq, stream, instance, time and bytes") {
    TempFolder folder;
    ManualClock clock;
    LogStore store(clock, folder.path);
    ConnectorLog& log = open_log(store);
    log.append(LogStream::standard_error, of(7), std::string_view("caf\xff\0\x1b[1m", 9));
    log.append(LogStream::mcp, of(8), "");
    const auto records = read_after(log, 0, 10);
    REQUIRE(records.size() == 2);
    CHECK(records[0].seq == 1);
    CHECK(records[0].stream == LogStream::standard_error);
    CHECK(records[0].instance == InstanceId{7});
    CHECK(records[0].time == clock.wall_now());
    CHECK(records[0].text == std::string("caf\xff\0\x1b[1m", 9));
    CHECK(records[1].text.empty());
    CHECK(std::string(to_text(records[1].stream)) == "mcp");
}

TEST_CASE("seq goes on over restarts and readers resume from their cursor") {
    TempFolder folder;
    ManualClock clock;
    {
        LogStore store(clock, folder.path);
        ConnectorLog& log = open_log(store);
        for (int line = 1; line <= 5; ++line) {
            log.append(LogStream::standard_error, of(1), std::to_string(line));
        }
    }
    LogStore store(clock, folder.path);
    ConnectorLog& log = open_log(store);
    CHECK(log.last_seq() == 5);
    log.append(LogStream::standard_error, of(2), "6");
    const auto rest = read_after(log, 4, 100);
    REQUIRE(rest.size() == 2);
    CHECK(rest[0].text == "5");
    CHECK(rest[1].text == "6");
    CHECK(read_after(log, 6, 100).empty());
    const auto last = read_last(log, 3);
    REQUIRE(last.size() == 3);
    CHECK(last.front().text == "4");
    CHECK(read_after(log, 0, 2).size() == 2);
}

TEST_CASE("a tail torn at any byte of the last record is cut and the earlier records stay") {
    TempFolder folder;
    ManualClock clock;
    const auto path = folder.path / "notes" / Segment::file_name(1);
    std::uint64_t whole_bytes = 0;
    {
        LogStore store(clock, folder.path);
        ConnectorLog& log = open_log(store);
        log.append(LogStream::standard_error, of(1), "kept");
        whole_bytes = std::filesystem::file_size(path);
        log.append(LogStream::standard_error, of(1), "the last line");
    }
    const std::string bytes = read_file(path);
    for (std::size_t length = whole_bytes; length < bytes.size(); ++length) {
        write_file(path, bytes.substr(0, length));
        LogStore store(clock, folder.path);
        ConnectorLog& log = open_log(store);
        REQUIRE(log.last_seq() == 1);
        REQUIRE(std::filesystem::file_size(path) == whole_bytes);
        log.append(LogStream::standard_error, of(2), "next");
        const auto records = read_after(log, 0, 10);
        REQUIRE(records.size() == 2);
        REQUIRE(records[0].text == "kept");
        REQUIRE(records[1].text == "next");
    }
}

TEST_CASE("a damaged byte or a hole of zeros in the last record is cut too") {
    TempFolder folder;
    ManualClock clock;
    const auto path = folder.path / "notes" / Segment::file_name(1);
    std::uint64_t whole_bytes = 0;
    {
        LogStore store(clock, folder.path);
        ConnectorLog& log = open_log(store);
        log.append(LogStream::standard_error, of(1), "kept");
        whole_bytes = std::filesystem::file_size(path);
        log.append(LogStream::standard_error, of(1), "damaged");
    }
    const std::string bytes = read_file(path);
    for (std::size_t at = whole_bytes; at < bytes.size(); ++at) {
        std::string damaged = bytes;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
        write_file(path, damaged);
        LogStore store(clock, folder.path);
        REQUIRE(open_log(store).last_seq() == 1);
    }
    write_file(path, bytes.substr(0, whole_bytes) + std::string(4096, '\0'));
    LogStore store(clock, folder.path);
    CHECK(open_log(store).last_seq() == 1);
    CHECK(std::filesystem::file_size(path) == whole_bytes);
}

TEST_CASE("the oldest segments go when max_bytes is reached, and readers start at what is left") {
    TempFolder folder;
    ManualClock clock;
    LogStore store(clock, folder.path);
    constexpr std::uint64_t max_bytes = 256 * 1024;
    ConnectorLog& log = open_log(store, max_bytes);
    const std::string line(1000, 'x');
    for (int count = 0; count < 1000; ++count) {
        clock.advance(std::chrono::milliseconds(1));
        log.append(LogStream::standard_error, of(1), line);
        REQUIRE(folder_bytes(folder.path / "notes") <= max_bytes);
    }
    CHECK(folder_bytes(folder.path / "notes") > max_bytes / 2);
    CHECK(log.last_seq() == 1000);
    const auto records = read_after(log, 0, 10'000);
    REQUIRE(records.size() > 100);
    CHECK(records.front().seq > 1);
    CHECK(records.back().seq == 1000);
    for (std::size_t index = 1; index < records.size(); ++index) {
        REQUIRE(records[index].seq == records[index - 1].seq + 1);
    }
    const auto from_cursor = read_after(log, 990, 100);
    REQUIRE(from_cursor.size() == 10);
    CHECK(from_cursor.front().seq == 991);
}

TEST_CASE("a burst over the rate limit is dropped, counted exactly and told once a second") {
    TempFolder folder;
    ManualClock clock;
    LogStore store(clock, folder.path);
    ConnectorLog& log = open_log(store);
    for (int count = 0; count < 20'500; ++count) {
        log.append(LogStream::standard_error, of(3), "line");
    }
    CHECK(log.dropped_count() == 500);
    CHECK(log.last_seq() == 20'000);
    clock.advance(std::chrono::seconds(1));
    log.append(LogStream::standard_error, of(3), "after");
    const auto last = read_last(log, 2);
    REQUIRE(last.size() == 2);
    CHECK(last[0].stream == LogStream::supervisor);
    CHECK_THAT(last[0].text, Catch::StartsWith("dropped 500 lines"));
    CHECK(last[1].text == "after");
    CHECK(log.dropped_count() == 500);
}

TEST_CASE("2,000 lines a second pass for ever, and the byte rate is limited on its own") {
    TempFolder folder;
    ManualClock clock;
    LogStore store(clock, folder.path);
    ConnectorLog& log = open_log(store);
    for (int count = 0; count < 40'000; ++count) {
        clock.advance(std::chrono::milliseconds(count % 2));
        log.append(LogStream::standard_error, of(1), "steady");
    }
    CHECK(log.dropped_count() == 0);
    clock.advance(std::chrono::minutes(1));
    const std::string wide(16 * 1024, 'w');
    for (int count = 0; count < 300; ++count) {
        log.append(LogStream::stdout_noise, of(1), wide);
    }
    CHECK(log.dropped_count() == 300 - 256);
}

TEST_CASE("drops that nothing follows are told to the next reader") {
    TempFolder folder;
    ManualClock clock;
    LogStore store(clock, folder.path);
    ConnectorLog& log = open_log(store);
    for (int count = 0; count < 20'001; ++count) {
        log.append(LogStream::standard_error, of(1), "line");
    }
    clock.advance(std::chrono::seconds(2));
    const auto last = read_last(log, 1);
    REQUIRE(last.size() == 1);
    CHECK_THAT(last[0].text, Catch::StartsWith("dropped 1 lines"));
}

TEST_CASE("supervisor lines are kept whatever the rate") {
    TempFolder folder;
    ManualClock clock;
    LogStore store(clock, folder.path);
    ConnectorLog& log = open_log(store);
    for (int count = 0; count < 25'000; ++count) {
        log.append(LogStream::standard_error, of(1), "line");
    }
    log.append(LogStream::supervisor, of(1), "exited with status 3");
    CHECK(read_last(log, 1).at(0).text == "exited with status 3");
}

TEST_CASE("secrets never reach the disk in raw, base64, percent-encoded or JSON form") {
    TempFolder folder;
    ManualClock clock;
    LogStore store(clock, folder.path);
    ConnectorLog& log = open_log(store);
    log.set_secrets({"s3cr3t/T0ken+\"x\"", "short"});
    const std::vector<std::string> lines = {
        "token s3cr3t/T0ken+\"x\" used twice s3cr3t/T0ken+\"x\"",
        "b64 czNjcjN0L1Qwa2VuKyJ4Ig==",       // of the secret alone
        "basic dXNlcjpzM2NyM3QvVDBrZW4rIngi", // of user:secret
        "url ?t=s3cr3t%2FT0ken%2B%22x%22 and %2f s3cr3t%2fT0ken%2b%22x%22",
        R"({"token":"s3cr3t/T0ken+\"x\""})",
        "too short to mask: short",
    };
    for (const auto& line : lines) {
        log.append(LogStream::standard_error, of(1), line);
    }
    const std::string disk = read_file(folder.path / "notes" / Segment::file_name(1));
    for (const char* form :
         {"s3cr3t/T0", "czNjcjN0L1Qwa2Vu", "zM2NyM3QvVDBrZW4r", "s3cr3t%2F", "s3cr3t%2f"}) {
        CHECK(disk.find(form) == std::string::npos);
    }
    const auto records = read_after(log, 0, 10);
    CHECK(records.at(0).text == "token *** used twice ***");
    CHECK_THAT(records.at(3).text, Catch::StartsWith("url ?t=*** and"));
    CHECK(records.at(4).text == R"({"token":"***"})");
    CHECK(records.at(5).text == lines[5]);
}

TEST_CASE("each line of a secret of several lines is masked") {
    SecretMasker masker;
    masker.set_secrets({"-----BEGIN KEY-----\nMIIEvQIBADAN\n-----END KEY-----\n"});
    std::string line = "key is MIIEvQIBADAN";
    CHECK(masker.mask(line));
    CHECK(line == "key is ***");
}

TEST_CASE("lines are split at newlines and at 16 KiB, without empty pieces in between") {
    LineSplitter splitter;
    CHECK(splitter.feed("one\ntw") == std::vector<std::string>{"one"});
    CHECK(splitter.has_partial());
    CHECK(splitter.feed("o\n\n") == std::vector<std::string>{"two", ""});
    CHECK_FALSE(splitter.has_partial());
    const std::string full(LineSplitter::line_max_bytes, 'a');
    CHECK(splitter.feed(full + "\nb\n") == std::vector<std::string>{full, "b"});
    CHECK(splitter.feed(full + "c\n") == std::vector<std::string>{full, "c"});
    CHECK(splitter.feed("rest").empty());
    CHECK(splitter.flush() == "rest");
    CHECK_FALSE(splitter.has_partial());
}

TEST_CASE("bytes that are no record do not decode") {
    CHECK_FALSE(peek_record("").has_value());
    CHECK_FALSE(decode_record(std::string(100, '\0')).has_value());
    CHECK_FALSE(decode_record(std::string(100, '\xff')).has_value());
    CHECK_FALSE(Segment::parse_name("00000000000000000000.log").has_value());
    CHECK_FALSE(Segment::parse_name("notes.log").has_value());
    CHECK(Segment::parse_name(Segment::file_name(42)) == 42);
}
