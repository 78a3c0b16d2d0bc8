#include "runtime/logs/log_store.hpp"

#include "runtime/logs/secret_masker.hpp"
#include "tests/unit/logs/log_fixture.hpp"

using namespace gatehouse;
using namespace gatehouse::runtime;
using namespace gatehouse::runtime::test;

namespace {

constexpr std::uint64_t usual_max_bytes = 64ULL << 20;
const ConnectorName notes("notes");

ConnectorLog& open_log(LogStore& store, std::uint64_t max_bytes = usual_max_bytes) {
    auto log = store.open(notes, max_bytes);
    REQUIRE(log.has_value());
    return **log;
}

std::vector<LogRecord> read_after(ConnectorLog& log, std::uint64_t seq, std::size_t count) {
    return log.read({}, seq, count, 64 << 20).records;
}

std::vector<LogRecord> read_last(ConnectorLog& log, std::size_t count) {
    return log.read_last({}, count).records;
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
    CHECK_THAT(last[0].text, Catch::StartsWith("dropped 500 lines, 2000 bytes"));
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

TEST_CASE("each instance of a connector has its own rate limit") {
    TempFolder folder;
    ManualClock clock;
    LogStore store(clock, folder.path);
    ConnectorLog& log = open_log(store);
    for (int count = 0; count < 21'000; ++count) {
        log.append(LogStream::standard_error, of(1), "line");
    }
    CHECK(log.dropped_count() == 1000);
    CHECK(log.dropped_bytes() == 4000);
    log.append(LogStream::standard_error, of(2), "of another");
    CHECK(log.dropped_count() == 1000);
    CHECK(read_last(log, 1).at(0).text == "of another");
}

TEST_CASE("a capture is told to skip over the rate limit, and what it skips is counted and told") {
    TempFolder folder;
    ManualClock clock;
    LogStore store(clock, folder.path);
    ConnectorLog& log = open_log(store);
    CHECK(log.advise(LogStream::standard_error, InstanceId{1}).what == CaptureAdvice::What::take);
    for (int count = 0; count < 20'000; ++count) {
        log.append(LogStream::standard_error, of(1), "line");
    }
    CHECK(log.advise(LogStream::standard_error, InstanceId{1}).what == CaptureAdvice::What::skip);
    log.count_dropped(of(1), 1'000'000, 100'000'000);
    clock.advance(std::chrono::seconds(2));
    CHECK(log.advise(LogStream::standard_error, InstanceId{1}).what == CaptureAdvice::What::take);
    CHECK_THAT(read_last(log, 1).at(0).text,
               Catch::StartsWith("dropped 1000000 lines, 100000000 bytes"));
    CHECK(log.dropped_bytes() == 100'000'000);
}

TEST_CASE("with backpressure nothing is dropped and the capture is told how long to wait") {
    TempFolder folder;
    ManualClock clock;
    LogStore store(clock, folder.path);
    ConnectorLog& log = *store.open(notes, usual_max_bytes, LogPressure::block).value();
    for (int count = 0; count < 22'000; ++count) {
        log.append(LogStream::standard_error, of(1), "line");
    }
    CHECK(log.dropped_count() == 0);
    CHECK(log.last_seq() == 22'000);
    const CaptureAdvice advice = log.advise(LogStream::standard_error, InstanceId{1});
    CHECK(advice.what == CaptureAdvice::What::wait);
    CHECK(advice.wait >= std::chrono::seconds(1));
    clock.advance(advice.wait);
    CHECK(log.advise(LogStream::standard_error, InstanceId{1}).what == CaptureAdvice::What::take);
}

TEST_CASE("a text of the daemon over 16 KiB is kept whole, in pieces that say so") {
    TempFolder folder;
    ManualClock clock;
    LogStore store(clock, folder.path);
    ConnectorLog& log = open_log(store);
    const std::string wide(40'000, 'w');
    log.append(LogStream::mcp, of(1), wide);
    log.append(LogStream::mcp, of(1), "short");
    const auto records = read_after(log, 0, 10);
    REQUIRE(records.size() == 4);
    CHECK(records[0].text + records[1].text + records[2].text == wide);
    CHECK_FALSE(records[0].continued);
    CHECK(records[1].continued);
    CHECK(records[2].continued);
    CHECK_FALSE(records[3].continued);
}

TEST_CASE("lines have the level they say, their rest the same, the supervisor's are info") {
    TempFolder folder;
    ManualClock clock;
    LogStore store(clock, folder.path);
    ConnectorLog& log = open_log(store);
    const LogLine lines[] = {{"ERROR: first part", false}, {"the rest", true}, {"plain", false}};
    log.append_lines(LogStream::standard_error, of(1), lines);
    log.append(LogStream::mcp, of(1), R"({"level":"notice","data":"ERROR: x"})");
    log.append(LogStream::supervisor, of(1), "started");
    using Level = gatehouse::runtime::LogLevel;
    const auto records = read_after(log, 0, 10);
    REQUIRE(records.size() == 5);
    CHECK(records[0].level == Level::error);
    CHECK(records[1].level == Level::error);
    CHECK(records[1].continued);
    CHECK(records[2].level == Level::none);
    CHECK(records[3].level == Level::notice);
    CHECK(records[4].level == Level::info);
}

TEST_CASE("over the host's cap the oldest segments of the largest logs go, deleted ones too") {
    TempFolder folder;
    ManualClock clock;
    LogStoreOptions options;
    options.rate.lines_per_second = 0;
    const std::string line(1000, 'x');
    const auto write = [&](LogStore& store, const char* name, int count) {
        auto log = store.open(ConnectorName(name), 512 * 1024);
        REQUIRE(log.has_value());
        for (; count > 0; --count) {
            (*log)->append(LogStream::standard_error, of(1), line);
        }
    };
    {
        LogStore store(clock, folder.path, options);
        write(store, "deleted", 450);
    }
    options.host_max_bytes = 600 * 1024;
    LogStore store(clock, folder.path, options);
    write(store, "small", 100);
    write(store, "large", 300);
    std::uint64_t total = 0;
    for (const char* name : {"deleted", "small", "large"}) {
        total += folder_bytes(folder.path / name);
    }
    CHECK(total <= options.host_max_bytes + 128 * 1024);
    CHECK(folder_bytes(folder.path / "small") > 100'000);
    CHECK(store.names() == std::vector<ConnectorName>{ConnectorName("deleted"),
                                                      ConnectorName("large"),
                                                      ConnectorName("small")});
    ConnectorLog* deleted = store.find(ConnectorName("deleted"));
    REQUIRE(deleted != nullptr);
    CHECK(deleted->last_seq() == 450);
    CHECK(deleted->read_last({}, 1, 0).records.at(0).seq == 450);
    CHECK(store.find(ConnectorName("never")) == nullptr);
}

TEST_CASE("segments older than max_age go, the newest stays") {
    TempFolder folder;
    ManualClock clock;
    LogStoreOptions options;
    options.rate.lines_per_second = 0;
    options.max_age = std::chrono::hours(24);
    LogStore store(clock, folder.path, options);
    ConnectorLog& log = *store.open(notes, 256 * 1024).value();
    const std::string line(1000, 'x');
    for (int count = 0; count < 100; ++count) {
        log.append(LogStream::standard_error, of(1), line);
    }
    store.tidy();
    CHECK(log.read({}, 0, 10, 1 << 20).records.at(0).seq == 1);
    clock.advance(std::chrono::hours(25));
    store.tidy();
    CHECK(log.read({}, 0, 10, 1 << 20).records.at(0).seq > 60);
    CHECK(log.read_last({}, 1, 0).records.at(0).seq == 100);
}

TEST_CASE("the log of a deleted connector goes file by file when it is too old, then its folder") {
    TempFolder folder;
    SystemClock clock;
    const auto deleted = folder.path / "deleted";
    std::filesystem::create_directory(deleted);
    const auto old = deleted / Segment::file_name(1);
    const auto recent = deleted / Segment::file_name(2);
    for (const auto& path : {old, recent}) {
        write_file(path, "some bytes");
    }
    const auto long_ago = std::chrono::file_clock::now() - std::chrono::hours(25);
    std::filesystem::last_write_time(old, long_ago);
    LogStoreOptions options;
    options.max_age = std::chrono::hours(24);
    LogStore store(clock, folder.path, options);
    store.tidy();
    CHECK_FALSE(std::filesystem::exists(old));
    CHECK(std::filesystem::exists(recent));
    std::filesystem::last_write_time(recent, long_ago);
    store.tidy();
    CHECK_FALSE(std::filesystem::exists(deleted));
    CHECK(store.names().empty());
}

TEST_CASE(
    "a reader in the middle of its pages loses nothing that stays, whatever is written meanwhile") {
    TempFolder folder;
    ManualClock clock;
    auto log = open_file(clock, unlimited(folder.path, 1 << 20));
    const std::string line(300, 'x');
    std::uint64_t cursor = 0;
    std::uint64_t seen = 0;
    for (int round = 0; round < 500; ++round) {
        std::vector<LogLine> lines(static_cast<std::size_t>(1 + round % 40), LogLine{line, false});
        log->append_lines(LogStream::standard_error, of(1), lines);
        if (round % 3 == 0) {
            const LogPage page = log->read({}, cursor, 35, 1 << 20);
            for (const auto& record : page.records) {
                REQUIRE(record.seq > seen);
                seen = record.seq;
            }
            REQUIRE(page.next >= cursor);
            cursor = page.next;
        }
    }
    for (const auto& record : read_all(*log, {}, cursor)) {
        REQUIRE(record.seq > seen);
        seen = record.seq;
    }
    CHECK(seen == log->last_seq());
}
