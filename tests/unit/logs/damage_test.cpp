// What a kill or a bad disk does to a log, and what is left of it then.
#include "runtime/base/log.hpp"
#include "tests/unit/logs/log_fixture.hpp"

#include <random>

using namespace gatehouse;
using namespace gatehouse::runtime;
using namespace gatehouse::runtime::test;

namespace {

struct Quiet {
    Quiet() { set_log_level(gatehouse::LogLevel::off); }
    ~Quiet() { set_log_level(gatehouse::LogLevel::info); }
};

// Lines of 1 to 400 bytes; their texts begin with their seq.
std::string fill(const Clock& clock, const std::filesystem::path& folder, std::size_t bytes) {
    auto log = open_file(clock, unlimited(folder));
    std::mt19937 random(3);
    while (log->total_bytes() < bytes) {
        const std::string text =
            std::to_string(log->last_seq() + 1) + ":" + std::string(random() % 400, 'x');
        log->append(LogStream::standard_error, of(1), text);
    }
    return read_file(folder / Segment::file_name(1));
}

void check_text(const LogRecord& record) {
    const std::string begin = std::to_string(record.seq) + ":";
    REQUIRE(record.text.compare(0, begin.size(), begin) == 0);
}

} // namespace

TEST_CASE("a write torn at any byte of the last 64 KiB costs the torn record and nothing else") {
    const Quiet quiet;
    TempFolder folder;
    ManualClock clock;
    const std::string whole = fill(clock, folder.path, 96 * 1024);
    const auto path = folder.path / Segment::file_name(1);
    std::uint64_t last_seen = 0;
    for (std::size_t length = whole.size() - 64 * 1024; length <= whole.size(); ++length) {
        if (length % 7 != 0 && whole.size() - length > 2048) {
            continue; // every byte of the last records, every seventh of those before
        }
        write_file(path, whole.substr(0, length));
        auto log = open_file(clock, unlimited(folder.path));
        REQUIRE(log->last_seq() >= last_seen);
        last_seen = log->last_seq();
        const auto last = log->read_last({}, 2, 0).records;
        REQUIRE(last.size() == 2);
        REQUIRE(last[1].seq == last_seen);
        check_text(last[1]);
        REQUIRE(length - log->total_bytes() < 500);
    }
    CHECK(last_seen > 300);
}

TEST_CASE("a flipped bit anywhere costs one record, in the newest segment and in older ones") {
    const Quiet quiet;
    TempFolder folder;
    ManualClock clock;
    const std::string whole = fill(clock, folder.path, 64 * 1024);
    const auto path = folder.path / Segment::file_name(1);
    const auto count = read_all(*open_file(clock, unlimited(folder.path))).size();
    std::mt19937 random(5);
    for (int round = 0; round < 400; ++round) {
        std::string damaged = whole;
        const std::size_t at =
            round < 128 ? static_cast<std::size_t>(round) : random() % whole.size();
        damaged[at] = static_cast<char>(damaged[at] ^ (1 << random() % 8));
        write_file(path, damaged);
        auto log = open_file(clock, unlimited(folder.path));
        log->append(LogStream::standard_error, of(1),
                    std::to_string(log->last_seq() + 1) + ":next");
        const auto records = read_all(*log);
        const std::size_t lost = at < segment_header_bytes ? 0 : 1;
        REQUIRE(records.size() == count + 1 - lost);
        for (const auto& record : records) {
            check_text(record);
        }
        const auto last = log->read_last({}, 10'000, 0);
        REQUIRE(last.records.size() == records.size());
        REQUIRE((last.damaged_bytes == 0 || lost > 0));
    }
}

TEST_CASE("a segment of another version is left as it is, and the log goes on behind it") {
    const Quiet quiet;
    TempFolder folder;
    ManualClock clock;
    const auto old = folder.path / Segment::file_name(1);
    const std::string foreign(5000, 'o');
    write_file(old, foreign);
    for (int round = 0; round < 3; ++round) {
        auto log = open_file(clock, unlimited(folder.path));
        CHECK(log->last_seq() >= 151); // no number of the old file comes twice
        log->append(LogStream::standard_error, of(1), "new");
        const auto page = log->read({}, 0, 100, 1 << 20);
        CHECK(page.records.size() == static_cast<std::size_t>(round) + 1);
        CHECK(page.damaged_bytes > 0);
        CHECK(log->read_last({}, 100, 0).records.size() == page.records.size());
    }
    CHECK(read_file(old) == foreign);
}

TEST_CASE("a segment that a kill left empty or with half a header is begun again") {
    const Quiet quiet;
    TempFolder folder;
    ManualClock clock;
    for (const std::size_t size : {0U, 1U, 100U}) {
        write_file(folder.path / Segment::file_name(42), std::string(size, '\0'));
        auto log = open_file(clock, unlimited(folder.path));
        CHECK(log->last_seq() == 41);
        log->append(LogStream::standard_error, of(1), "x");
        CHECK(read_all(*log).at(0).seq == 42);
    }
}

TEST_CASE("what a connector writes never becomes a record of its log, whatever the disk does") {
    const Quiet quiet;
    TempFolder folder;
    ManualClock clock;
    RecordView forged;
    forged.seq = 1000;
    forged.stream = LogStream::supervisor;
    forged.text = "all is well";
    std::string bytes;
    encode_record(forged, 0, bytes);
    {
        auto log = open_file(clock, unlimited(folder.path));
        log->append(LogStream::standard_error, of(1), "first");
        log->append(LogStream::standard_error, of(1), "pad " + bytes + bytes);
        log->append(LogStream::standard_error, of(1), "last");
    }
    const auto path = folder.path / Segment::file_name(1);
    std::string damaged = read_file(path);
    damaged[damaged.find("pad ")] = 'P';
    write_file(path, damaged);
    auto log = open_file(clock, unlimited(folder.path));
    CHECK(texts_of(read_all(*log)) == std::vector<std::string>{"first", "last"});
}

TEST_CASE("a file that cannot be written counts as dropped, and the log works again afterwards") {
    const Quiet quiet;
    TempFolder folder;
    ManualClock clock;
    auto log = open_file(clock, unlimited(folder.path, 256 * 1024));
    const std::string line(1000, 'x');
    for (int count = 0; count < 30; ++count) {
        log->append(LogStream::standard_error, of(1), line);
    }
    std::filesystem::rename(folder.path, folder.path.string() + "-away");
    for (int count = 0; count < 10; ++count) {
        log->append(LogStream::standard_error, of(1), line);
    }
    CHECK(log->dropped_count() > 0);
    std::filesystem::rename(folder.path.string() + "-away", folder.path);
    log->append(LogStream::standard_error, of(1), "again");
    CHECK(log->read_last({}, 1, 0).records.at(0).text == "again");
}
