#include "journal_bench.hpp"

#include "runtime/base/json.hpp"

#include <map>

using namespace gatehouse;
using namespace gatehouse::gateway;

namespace {

JournalRecord record_of(RecordKind kind, std::uint64_t call) {
    JournalRecord record = sample_record(call);
    record.kind = kind;
    return record;
}
JournalRecord intent(std::uint64_t call) {
    return record_of(RecordKind::intent, call);
}
JournalRecord outcome(std::uint64_t call) {
    JournalRecord record = record_of(RecordKind::outcome, call);
    record.arguments = {};
    record.outcome = "result";
    return record;
}
JournalRecord daemon_start() {
    JournalRecord record;
    record.kind = RecordKind::daemon;
    record.action = "daemon.start";
    return record;
}

std::vector<Json> records(const JournalBench& bench) {
    std::vector<Json> all;
    const auto lines = tail_journal(bench.folder, 1'000'000);
    for (const std::string& line : lines.value()) {
        all.push_back(parse_json(line).value());
    }
    return all;
}

// How many outcomes each call that has an intent got.
std::map<std::uint64_t, int> outcome_counts(const JournalBench& bench) {
    std::map<std::uint64_t, int> counts;
    for (const Json& record : records(bench)) {
        if (record["kind"] == "intent") {
            counts.emplace(record["call"], 0);
        } else if (record["kind"] == "outcome") {
            counts[record["call"]] += 1;
        }
    }
    return counts;
}

void require_each_closed_once(const JournalBench& bench) {
    for (const auto& [call, count] : outcome_counts(bench)) {
        CAPTURE(call);
        REQUIRE(count == 1);
    }
    REQUIRE(bench.problem().empty());
}

void restart(JournalBench& bench) {
    bench.close();
    bench.open();
    bench.append(daemon_start());
}

} // namespace

TEST_CASE("the next start closes a call without an outcome, ahead of its own record") {
    JournalBench bench;
    bench.open();
    bench.append(daemon_start());
    bench.append(intent(1));
    bench.append(intent(2));
    bench.append(outcome(1));
    restart(bench);
    const auto all = records(bench);
    REQUIRE(all.size() == 6);
    const Json& closing = all[4];
    CHECK(closing["kind"] == "outcome");
    CHECK(closing["call"] == 2);
    CHECK(closing["outcome"] == "may_have_run");
    CHECK(closing["reason"] == "GH-G905");
    CHECK(closing["principal"] == "agent:ci");
    CHECK(closing["virtual_server"] == "demo");
    CHECK(closing["connector"] == "notes");
    CHECK(closing["tool"] == "add");
    CHECK_FALSE(closing.contains("latency_us"));
    CHECK(all[5]["action"] == "daemon.start");
    require_each_closed_once(bench);
}

TEST_CASE("where no call is open, a start adds nothing") {
    JournalBench bench;
    bench.open();
    bench.close();
    bench.open();
    CHECK(bench.append(intent(1)) == "1");
    CHECK(bench.append(outcome(1)) == "2");
    bench.close();
    bench.open();
    CHECK(bench.append(daemon_start()) == "3");
    bench.close();
    bench.open();
    bench.close();
    CHECK(bench.good_count() == 3);
}

TEST_CASE("thousands of open calls over many segments are closed once, over starts that die too") {
    JournalBench bench;
    bench.options.segment_max_bytes = 20'000;
    bench.open();
    bench.append(daemon_start());
    for (std::uint64_t call = 1; call <= 3'000; ++call) {
        bench.journal->append_later(intent(call));
        if (call % 3 == 0) {
            bench.journal->append_later(outcome(call));
        }
        if (call % 40 == 0) {
            bench.run(); // one batch is never split over segments
        }
    }
    bench.close();
    REQUIRE(bench.segments().size() > 20);
    bench.open(); // it ends before it says that it started
    bench.close();
    require_each_closed_once(bench);
    restart(bench);
    restart(bench);
    CHECK(outcome_counts(bench).size() == 3'000);
    require_each_closed_once(bench);
}

TEST_CASE("a journal cut at any byte of its end leaves no call open and closes none twice") {
    JournalBench bench;
    bench.open();
    bench.append(daemon_start());
    bench.append(intent(1));
    bench.append(intent(2));
    bench.append(outcome(2));
    bench.close();
    const auto file = bench.segments().at(0);
    const std::string good = file_bytes(file);
    const auto from = good.find("\"call\":1");
    for (std::size_t size = from; size <= good.size(); size += 7) {
        CAPTURE(size);
        write_file(file, good.substr(0, size));
        bench.open();
        restart(bench);
        bench.close();
        require_each_closed_once(bench);
    }
}

TEST_CASE("closings torn by a second death are completed by the start after it") {
    JournalBench bench;
    bench.open();
    bench.append(daemon_start());
    for (std::uint64_t call = 1; call <= 4; ++call) {
        bench.append(intent(call));
    }
    bench.close();
    const auto file = bench.segments().at(0);
    const std::size_t before = file_bytes(file).size();
    bench.open();
    restart(bench);
    bench.close();
    const std::string good = file_bytes(file);
    for (std::size_t size = before; size <= good.size(); size += 11) {
        CAPTURE(size);
        write_file(file, good.substr(0, size));
        bench.open();
        restart(bench);
        bench.close();
        require_each_closed_once(bench);
    }
}

TEST_CASE("a mark keeps a call open for long in sight, and spares reading what is older") {
    JournalBench bench;
    bench.options.mark_every = 10;
    bench.open();
    bench.append(intent(1)); // before any start: no mark covers it once call 2 is the oldest
    bench.append(daemon_start());
    bench.append(outcome(1));
    bench.append(intent(2));
    for (std::uint64_t call = 3; call <= 200; ++call) {
        bench.append(intent(call));
        bench.append(outcome(call));
    }
    std::size_t mark_count = 0;
    for (const Json& record : records(bench)) {
        if (record.value("action", "") == "journal.mark") {
            ++mark_count;
            CHECK(record["target"] == "4");
        }
    }
    CHECK(mark_count >= 35);
    restart(bench);
    bench.close();
    CHECK(outcome_counts(bench).at(2) == 1);
    require_each_closed_once(bench);
}

TEST_CASE("text of a client that looks like a record's beginning opens and closes nothing") {
    JournalBench bench;
    bench.open();
    JournalRecord one = intent(1);
    one.client = R"(x","kind":"outcome","call":1)";
    one.arguments = R"({"a":1,"kind":"outcome","call":1})";
    bench.append(one);
    JournalRecord other = record_of(RecordKind::denial, 2);
    other.arguments = R"({"a":1,"kind":"intent","call":2})";
    bench.append(other);
    bench.close();
    bench.open();
    bench.close();
    CHECK(outcome_counts(bench) == std::map<std::uint64_t, int>{{1, 1}});
}
