// What readers of a log ask for.
#include "tests/unit/logs/log_fixture.hpp"

#include <random>

using namespace gatehouse;
using namespace gatehouse::runtime;
using namespace gatehouse::runtime::test;

namespace {

using Level = gatehouse::runtime::LogLevel;

// 10 lines a second, over several segments: "n <seq> …"; each hundredth is an error, each fiftieth
// has a call in flight, instances change every 500 lines.
void fill(ManualClock& clock, FileLog& log, int lines) {
    for (int count = 0; count < lines; ++count) {
        const std::uint64_t seq = log.last_seq() + 1;
        LogContext context = of(1 + seq / 500);
        context.member = seq % 2 == 0 ? "even" : "odd";
        if (seq % 50 == 0) {
            context.calls = {CallId{seq / 50}, CallId{7777}};
        }
        std::string text = seq % 100 == 0 ? "ERROR: n " : "INFO: n ";
        text += std::to_string(seq) + " " + std::string(200, 'x');
        log.append(LogStream::standard_error, context, text);
        clock.advance(std::chrono::milliseconds(100));
    }
}

struct Filled {
    explicit Filled(int lines = 5000) { fill(clock, *log, lines); }
    TempFolder folder;
    ManualClock clock;
    WallTime start = clock.wall_now();
    std::unique_ptr<FileLog> log = open_file(clock, unlimited(folder.path, 2 << 20));
    void reopen() {
        log.reset();
        log = open_file(clock, unlimited(folder.path, 2 << 20));
    }
};

} // namespace

TEST_CASE(
    "since and until find the same records as looking at every one, before and after a restart") {
    Filled filled;
    const auto all = read_all(*filled.log);
    REQUIRE(all.size() == 5000);
    std::mt19937 random(2);
    for (int round = 0; round < 60; ++round) {
        if (round == 30) {
            filled.reopen();
        }
        LogFilter filter;
        filter.since = filled.start + std::chrono::milliseconds(random() % 520'000);
        filter.until = *filter.since + std::chrono::milliseconds(random() % 60'000);
        std::vector<std::uint64_t> wanted;
        for (const auto& record : all) {
            if (record.time >= *filter.since && record.time <= *filter.until) {
                wanted.push_back(record.seq);
            }
        }
        std::vector<std::uint64_t> found;
        for (const auto& record : read_all(*filled.log, filter)) {
            found.push_back(record.seq);
        }
        REQUIRE(found == wanted);
        const auto last = filled.log->read_last(filter, 5, 0).records;
        REQUIRE(last.size() == std::min<std::size_t>(5, wanted.size()));
        if (!wanted.empty()) {
            REQUIRE(last.back().seq == wanted.back());
        }
    }
}

TEST_CASE("since still finds everything after the clock was set back") {
    TempFolder folder;
    struct JumpClock final : Clock {
        SteadyTime steady_now() const override { return SteadyTime(std::chrono::hours(1)); }
        WallTime wall_now() const override { return now; }
        WallTime now{std::chrono::hours(1000)};
    } clock;
    auto log = open_file(clock, unlimited(folder.path, 1 << 20));
    const std::string line(1000, 'x');
    for (int count = 0; count < 600; ++count) {
        clock.now += std::chrono::seconds(count == 300 ? -200 : 1);
        log->append(LogStream::standard_error, of(1), line);
    }
    LogFilter filter;
    filter.since = WallTime(std::chrono::hours(1000)) + std::chrono::seconds(250);
    std::size_t wanted = 0;
    for (const auto& record : read_all(*log)) {
        wanted += record.time >= *filter.since ? 1 : 0;
    }
    CHECK(wanted > 100);
    CHECK(read_all(*log, filter).size() == wanted);
    CHECK(log->read_last(filter, 1000, 0).records.size() == wanted);
}

TEST_CASE("a page holds what it may, and the pages together hold everything once") {
    Filled filled;
    std::uint64_t cursor = 0;
    std::uint64_t count = 0;
    for (bool more = true; more;) {
        const LogPage page = filled.log->read({}, cursor, 70, 5'000);
        REQUIRE(page.records.size() <= 70);
        std::size_t bytes = 0;
        for (const auto& record : page.records) {
            bytes += record.text.size();
            REQUIRE(record.seq == ++count);
        }
        REQUIRE((bytes <= 5'000 || page.records.size() == 1));
        cursor = page.next;
        more = page.more;
    }
    CHECK(count == 5000);
    CHECK(filled.log->read({}, 5000, 10, 1000).next == 5000);
    CHECK_FALSE(filled.log->read({}, 5000, 10, 1000).more);
    CHECK(filled.log->read({}, 0, 1, 1).records.size() == 1);
}

TEST_CASE("behind the end there is nothing, whatever cursor is given") {
    Filled filled(600);
    for (const std::uint64_t after : {std::uint64_t{600}, std::uint64_t{601}, UINT64_MAX}) {
        const LogPage page = filled.log->read(LogFilter(), after, 100, 1 << 20);
        CHECK(page.records.empty());
        CHECK_FALSE(page.more);
        CHECK(page.next == after);
    }
}

TEST_CASE("the newest lines come page by page backwards, without gap or double") {
    Filled filled;
    filled.reopen();
    std::uint64_t before = 0;
    std::uint64_t expected = 5000;
    for (bool more = true; more;) {
        const LogPage page = filled.log->read_last({}, 300, before);
        for (auto record = page.records.rbegin(); record != page.records.rend(); ++record) {
            REQUIRE(record->seq == expected--);
        }
        before = page.oldest;
        more = page.more;
    }
    CHECK(expected == 0);
}

TEST_CASE("level, pattern, member, call, stream and instance are filters that hold together") {
    Filled filled;
    FileLog& log = *filled.log;
    LogFilter filter;
    filter.min_level = Level::error;
    CHECK(read_all(log, filter).size() == 50);
    filter.grep = "n [123]00 ";
    CHECK(texts_of(read_all(log, filter)).size() == 3);
    LogPage last = log.read_last(filter, 1, 0);
    while (last.records.empty() && last.more) {
        last = log.read_last(filter, 1, last.oldest);
    }
    CHECK(last.records.at(0).seq == 300);
    filter = {};
    filter.call = CallId{3};
    CHECK(read_all(log, filter).at(0).seq == 150);
    filter.call = CallId{7777};
    CHECK(read_all(log, filter).size() == 100);
    filter = {};
    filter.member = "odd";
    CHECK(read_all(log, filter).size() == 2500);
    filter.instance = InstanceId{2};
    CHECK(read_all(log, filter).size() == 250);
    filter = {};
    filter.stream = LogStream::supervisor;
    CHECK(read_all(log, filter).empty());
    CHECK_FALSE(log.read_last(filter, 5, 0).more);
    filter = {};
    filter.grep = "(";
    CHECK(check_filter(filter).error().code == "GH-C532");
    CHECK(read_all(log, filter).empty());
    filter.grep = "x+$";
    CHECK(check_filter(filter).has_value());
    CHECK(read_all(log, filter).size() == 5000);
}

TEST_CASE("--previous is the instance before the newest, also when it lies in an older file") {
    Filled filled;
    LogFilter filter;
    filter.previous = true;
    for (int round = 0; round < 2; ++round) {
        const auto records = read_all(*filled.log, filter);
        REQUIRE(records.size() == 500);
        CHECK(records.front().seq == 4500);
        CHECK(records.back().instance == InstanceId{10});
        filled.reopen();
    }
    filled.log->append(LogStream::standard_error, of(20), "newer");
    CHECK(read_all(*filled.log, filter).at(0).instance == InstanceId{11});
    TempFolder folder;
    auto one = open_file(filled.clock, unlimited(folder.path));
    one->append(LogStream::supervisor, of(0), "before any");
    one->append(LogStream::standard_error, of(1), "the only one");
    CHECK(read_all(*one, filter).empty());
}

TEST_CASE("a page looks at a bounded piece of the disk, even if nothing in it passes") {
    TempFolder folder;
    ManualClock clock;
    auto log = open_file(clock, unlimited(folder.path, 64 << 20));
    const std::vector<std::string> texts(100, std::string(10'000, 'x'));
    std::vector<LogLine> lines;
    for (const auto& text : texts) {
        lines.push_back({text, false});
    }
    for (int count = 0; count < 20; ++count) {
        log->append_lines(LogStream::standard_error, of(1), lines);
    }
    LogFilter filter;
    filter.grep = "nowhere";
    std::size_t pages = 0;
    std::uint64_t cursor = 0;
    for (bool more = true; more; ++pages) {
        const LogPage page = log->read(filter, cursor, 10, 1000);
        CHECK(page.records.empty());
        REQUIRE((page.next > cursor || !page.more));
        REQUIRE(page.next - cursor < 200);
        cursor = page.next;
        more = page.more;
    }
    CHECK(pages >= 15);
    std::uint64_t before = 0;
    pages = 0;
    for (bool more = true; more; ++pages) {
        const LogPage page = log->read_last(filter, 10, before);
        before = page.oldest;
        more = page.more;
    }
    CHECK(pages >= 10);
}
