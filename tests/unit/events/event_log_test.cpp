#include "runtime/events/event_log.hpp"

#include "runtime/events/event_codec.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <sys/resource.h>

using namespace gatehouse;
using namespace gatehouse::runtime;
namespace fs = std::filesystem;

namespace {

struct EventScene {
    ManualClock clock;
    fs::path folder;

    EventScene() {
        std::string pattern = (fs::temp_directory_path() / "gh-events-XXXXXX").string();
        folder = fs::path(::mkdtemp(pattern.data()));
    }
    ~EventScene() { fs::remove_all(folder); }
    EventScene(const EventScene&) = delete;
    EventScene& operator=(const EventScene&) = delete;

    std::unique_ptr<EventLog> open(std::uint64_t max_bytes = 64ULL << 20) {
        auto log = EventLog::open(clock, folder / "events", max_bytes);
        REQUIRE(log.has_value());
        return std::move(log).value();
    }
    std::vector<fs::path> files() const {
        std::vector<fs::path> found;
        for (const auto& entry : fs::directory_iterator(folder / "events")) {
            found.push_back(entry.path());
        }
        std::sort(found.begin(), found.end());
        return found;
    }
};

Event event_of(EventKind kind, const std::string& connector, const std::string& text = "") {
    Event event;
    event.kind = kind;
    event.connector = connector;
    event.text = text;
    return event;
}

std::vector<std::uint64_t> seqs(const std::vector<Event>& events) {
    std::vector<std::uint64_t> found;
    for (const Event& event : events) {
        found.push_back(event.seq);
    }
    return found;
}

std::string bytes_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

using Seqs = std::vector<std::uint64_t>;

} // namespace

TEST_CASE("an event comes back as it was given, with its number and its time") {
    EventScene scene;
    auto log = scene.open();
    Event event = event_of(EventKind::health, "notes", "line\nbreak \"quoted\" \xff");
    event.from = "healthy";
    event.to = "unhealthy";
    event.instance = InstanceId{7};
    event.cause = Error{"GH-P302", "it ended", "notes", "SIGKILL", "look"};
    log->append(event);
    for (int pass = 0; pass < 2; ++pass) {
        const auto events = log->read({});
        REQUIRE(events.size() == 1);
        CHECK(events[0].seq == 1);
        CHECK(events[0].time == scene.clock.wall_now());
        CHECK(events[0].kind == EventKind::health);
        CHECK(events[0].from == "healthy");
        CHECK(events[0].to == "unhealthy");
        CHECK(events[0].instance.value == 7);
        REQUIRE(events[0].cause.has_value());
        CHECK(events[0].cause->why == "SIGKILL");
        CHECK(events[0].text.find("\"quoted\"") != std::string::npos);
        log = scene.open();
    }
}

TEST_CASE("numbers go on over a restart, and what was before is still read") {
    EventScene scene;
    {
        auto log = scene.open();
        for (int count = 0; count < 5; ++count) {
            log->append(event_of(EventKind::exit, "a"));
        }
    }
    auto log = scene.open();
    CHECK(log->last_seq() == 5);
    log->append(event_of(EventKind::daemon, ""));
    CHECK(seqs(log->read({})) == Seqs{1, 2, 3, 4, 5, 6});
    EventFilter filter;
    filter.after_seq = 4;
    CHECK(seqs(log->read(filter)) == Seqs{5, 6});
    filter.after_seq = 0;
    filter.newest = true;
    filter.max_count = 2;
    CHECK(seqs(log->read(filter)) == Seqs{5, 6});
    filter.max_count = 4;
    CHECK(seqs(log->read(filter)) == Seqs{3, 4, 5, 6});
    filter.newest = false;
    CHECK(seqs(log->read(filter)) == Seqs{1, 2, 3, 4});
}

TEST_CASE("events are chosen by connector, kind and time, in memory and on disk alike") {
    EventScene scene;
    auto log = scene.open();
    log->append(event_of(EventKind::exit, "a", R"("connector":"b")"));
    log->append(event_of(EventKind::health, "b"));
    scene.clock.advance(std::chrono::minutes(1));
    const WallTime later = scene.clock.wall_now();
    log->append(event_of(EventKind::exit, "b"));
    for (int pass = 0; pass < 2; ++pass) {
        EventFilter of_b;
        of_b.connector = "b";
        CHECK(seqs(log->read(of_b)) == Seqs{2, 3});
        EventFilter exits;
        exits.kind = EventKind::exit;
        CHECK(seqs(log->read(exits)) == Seqs{1, 3});
        EventFilter recent;
        recent.since = later;
        CHECK(seqs(log->read(recent)) == Seqs{3});
        exits.newest = true;
        exits.max_count = 1;
        CHECK(seqs(log->read(exits)) == Seqs{3});
        log = scene.open();
    }
}

TEST_CASE("behind the end there is no event, whatever cursor is given") {
    EventScene scene;
    scene.open()->append(event_of(EventKind::verb, "notes"));
    auto log = scene.open(); // nothing of it lies in memory
    EventFilter filter;
    for (const std::uint64_t after : {std::uint64_t{1}, std::uint64_t{2}, UINT64_MAX}) {
        filter.after_seq = after;
        CHECK(log->read(filter).empty());
    }
}

TEST_CASE("a torn tail is cut at any byte, and the numbers go on without a gap") {
    EventScene scene;
    {
        auto log = scene.open();
        log->append(event_of(EventKind::exit, "a", "first"));
        log->append(event_of(EventKind::exit, "a", "second"));
    }
    const fs::path file = scene.files().front();
    const std::string whole = bytes_of(file);
    const std::size_t first = whole.find('\n') + 1;
    for (std::size_t size = first; size < whole.size(); ++size) {
        std::ofstream(file, std::ios::binary | std::ios::trunc) << whole.substr(0, size);
        auto log = scene.open();
        CHECK(log->last_seq() == 1);
        log->append(event_of(EventKind::exit, "a", "third"));
        const auto events = log->read({});
        REQUIRE(seqs(events) == Seqs{1, 2});
        CHECK(events[1].text == "third");
    }
}

TEST_CASE("a changed line in the middle is skipped, the others are read") {
    EventScene scene;
    {
        auto log = scene.open();
        for (int count = 0; count < 3; ++count) {
            log->append(event_of(EventKind::exit, "a", "text"));
        }
    }
    const fs::path file = scene.files().front();
    std::string bytes = bytes_of(file);
    bytes[bytes.find("text", bytes.find('\n'))] = 'T';
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
    auto log = scene.open();
    CHECK(seqs(log->read({})) == Seqs{1, 3});
    CHECK(log->last_seq() == 3);
}

TEST_CASE("the oldest files are removed, so that all stay below the bound") {
    EventScene scene;
    constexpr std::uint64_t max_bytes = 64 << 10;
    auto log = scene.open(max_bytes);
    for (int count = 0; count < 3000; ++count) {
        log->append(event_of(EventKind::exit, "a", std::string(100, 'x')));
    }
    std::uint64_t total = 0;
    for (const fs::path& file : scene.files()) {
        total += fs::file_size(file);
    }
    CHECK(scene.files().size() >= 4);
    CHECK(total <= max_bytes);
    CHECK(log->last_seq() == 3000);
    EventFilter newest;
    newest.newest = true;
    newest.max_count = 1;
    CHECK(seqs(log->read(newest)) == Seqs{3000});
    log = scene.open(max_bytes);
    CHECK(log->last_seq() == 3000);
    const auto kept = log->read({});
    REQUIRE(kept.size() > 100);
    CHECK(kept.back().seq == 3000);
    CHECK(kept.back().seq - kept.front().seq + 1 == kept.size());
}

TEST_CASE("memory and files together give each event once, whatever the cursor") {
    EventScene scene;
    auto log = scene.open();
    constexpr std::uint64_t count = 2500; // more than is kept in memory
    for (std::uint64_t seq = 1; seq <= count; ++seq) {
        log->append(event_of(EventKind::exit, seq % 2 == 0 ? "even" : "odd"));
    }
    std::uint64_t cursor = 0;
    std::uint64_t seen = 0;
    while (cursor < count) {
        EventFilter filter;
        filter.after_seq = cursor;
        filter.max_count = 333;
        const auto events = log->read(filter);
        REQUIRE_FALSE(events.empty());
        for (const Event& event : events) {
            REQUIRE(event.seq == ++seen);
        }
        cursor = events.back().seq;
    }
    CHECK(seen == count);
    EventFilter even;
    even.connector = "even";
    even.newest = true;
    even.max_count = 1000;
    const auto events = log->read(even);
    REQUIRE(events.size() == 1000);
    CHECK(events.front().seq == 502);
    CHECK(events.back().seq == 2500);
}

TEST_CASE("what cannot be written is counted, leaves no gap, and does not stop what follows") {
    EventScene scene;
    auto log = scene.open();
    log->append(event_of(EventKind::exit, "a", "first"));
    // A limit on the size of files stands for a full disk.
    struct rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
    const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
    struct rlimit small = before;
    small.rlim_cur = fs::file_size(scene.files().front()) + 20;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
    log->append(event_of(EventKind::exit, "a", "lost"));
    log->append(event_of(EventKind::exit, "a", "lost too"));
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
    static_cast<void>(std::signal(SIGXFSZ, old_handler));
    CHECK(log->lost_count() == 2);
    log->append(event_of(EventKind::exit, "a", "second"));
    for (int pass = 0; pass < 2; ++pass) {
        const auto events = log->read({});
        REQUIRE(seqs(events) == Seqs{1, 2});
        CHECK(events[1].text == "second");
        log = scene.open();
    }
}

TEST_CASE("a folder that cannot be used is an error that says what to do") {
    EventScene scene;
    std::ofstream(scene.folder / "events") << "a file";
    const auto log = EventLog::open(scene.clock, scene.folder / "events");
    REQUIRE_FALSE(log.has_value());
    CHECK(log.error().code == "GH-L802");
    CHECK_FALSE(log.error().action.empty());
}

TEST_CASE("a line is one line, and any changed byte of it is seen") {
    Event event = event_of(EventKind::verb, "a", "two\nlines");
    event.seq = 9;
    std::string line = encode_event(event);
    REQUIRE(line.back() == '\n');
    line.pop_back();
    CHECK(line.find('\n') == std::string::npos);
    REQUIRE(decode_event(line).has_value());
    CHECK(decode_event(line)->text == "two\nlines");
    for (std::size_t at = 0; at < line.size(); ++at) {
        std::string changed = line;
        changed[at] ^= 1;
        CHECK_FALSE(decode_event(changed).has_value());
    }
    CHECK_FALSE(decode_event("").has_value());
}

TEST_CASE("every kind of event has a word of its own") {
    for (int kind = 0; kind <= static_cast<int>(EventKind::daemon); ++kind) {
        const auto word = to_text(static_cast<EventKind>(kind));
        CHECK(parse_event_kind(word) == static_cast<EventKind>(kind));
    }
    CHECK_FALSE(parse_event_kind("nothing").has_value());
}
