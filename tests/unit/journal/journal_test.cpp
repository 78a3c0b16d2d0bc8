#include "journal_bench.hpp"

#include "runtime/base/json.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <csignal>
#include <sstream>
#include <sys/resource.h>
#include <sys/stat.h>

using namespace gatehouse;
using namespace gatehouse::gateway;

namespace {

std::vector<std::string> lines_of(const std::string& bytes) {
    std::vector<std::string> lines;
    std::istringstream in(bytes);
    for (std::string line; std::getline(in, line);) {
        lines.push_back(line);
    }
    return lines;
}

Json only_record(const JournalBench& bench) {
    const auto lines = lines_of(bench.all_bytes());
    REQUIRE(lines.size() == 1);
    auto parsed = parse_json(lines[0]);
    REQUIRE(parsed);
    return *parsed;
}

// The largest file this process may write, until the end of the scope; writes beyond it fall short.
class FileSizeLimit {
  public:
    explicit FileSizeLimit(rlim_t bytes) {
        std::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        rlimit small = before_;
        small.rlim_cur = bytes;
        ::setrlimit(RLIMIT_FSIZE, &small);
    }
    ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

  private:
    rlimit before_{};
};

Task<void> append_many(Journal& journal, int count) {
    for (int i = 0; i < count; ++i) {
        auto appending = journal.append(sample_record(1));
        auto seq = co_await std::move(appending);
        GH_ASSERT(seq);
    }
}

// Comes to wait only when the turn that wrote the record is over.
Task<void> append_and_wait_late(Journal& journal, std::vector<Result<std::uint64_t>>& results) {
    auto appending = journal.append(sample_record(1));
    for (int turn = 0; turn < 3; ++turn) {
        co_await asio::post(asio::use_awaitable);
    }
    auto seq = co_await std::move(appending);
    results.push_back(std::move(seq));
}

} // namespace

TEST_CASE("a caller who waits only after the write learns how it ended") {
    JournalBench bench;
    bench.open();
    std::vector<Result<std::uint64_t>> results;
    bench.tasks.spawn("late", append_and_wait_late(*bench.journal, results));
    bench.run();
    {
        const FileSizeLimit limit(bench.all_bytes().size() + 10);
        bench.tasks.spawn("late", append_and_wait_late(*bench.journal, results));
        bench.run();
    }
    REQUIRE(results.size() == 2);
    REQUIRE(results[0]);
    CHECK(*results[0] == 1);
    REQUIRE_FALSE(results[1]);
    CHECK(results[1].error().code == "GH-G901");
    CHECK(bench.good_count() == 1);
}

TEST_CASE("a record is one JSON line with its fields in order and no empty ones") {
    JournalBench bench;
    bench.open();
    CHECK(bench.append(sample_record(7)) == "1");
    const std::string line = lines_of(bench.all_bytes()).at(0);
    const std::string expected =
        R"({"seq":1,"time":")" + rfc3339_text(bench.clock.wall_now()) +
        R"(","kind":"denial","call":7,"principal":"agent:ci","virtual_server":"demo",)"
        R"("connector":"notes","instance":3,"tool":"add","arguments":{"text":"hello"},)"
        R"("decision":"allow","rule":"default","prev":")" +
        std::string(64, '0') + R"(","hash":")";
    CHECK(line.substr(0, expected.size()) == expected);
    CHECK(line.size() == expected.size() + 64 + 2);
}

TEST_CASE("every kind and every field is written") {
    JournalBench bench;
    bench.open();
    JournalRecord record;
    record.kind = RecordKind::outcome;
    record.address = "127.0.0.1";
    record.client = "client/1.0";
    record.reason = "GH-P301";
    record.credential = "api-token@2";
    record.outcome = "result";
    record.result_bytes = 12;
    record.result_sha256 = std::string(64, 'a');
    record.latency_us = 0;
    record.action = "secret.set";
    record.target = "api-token";
    bench.append(record);
    const Json json = only_record(bench);
    CHECK(json["kind"] == "outcome");
    CHECK(json["address"] == "127.0.0.1");
    CHECK(json["client"] == "client/1.0");
    CHECK(json["reason"] == "GH-P301");
    CHECK(json["credential"] == "api-token@2");
    CHECK(json["outcome"] == "result");
    CHECK(json["result_bytes"] == 12);
    CHECK(json["result_sha256"] == std::string(64, 'a'));
    CHECK(json["latency_us"] == 0);
    CHECK(json["action"] == "secret.set");
    CHECK(json["target"] == "api-token");
    CHECK_FALSE(json.contains("call"));
    CHECK_FALSE(json.contains("arguments"));
}

TEST_CASE("what a client calls itself cannot break out of its field or its line") {
    JournalBench bench;
    bench.open();
    JournalRecord record = sample_record(1);
    record.client = "x\",\"principal\":\"admin\"}\n{\"seq\":9\\\xff\x01";
    record.address = std::string(100'000, 'a');
    bench.append(record);
    const Json json = only_record(bench);
    CHECK(json["principal"] == "agent:ci");
    CHECK(json["client"].get<std::string>().starts_with(
        "x\",\"principal\":\"admin\"}\n{\"seq\":9\\"));
    CHECK(json["address"].get<std::string>().size() == 2048);
    CHECK(bench.problem().empty());
}

TEST_CASE("arguments on several lines are kept on one") {
    JournalBench bench;
    bench.open();
    JournalRecord record = sample_record(1);
    record.arguments = "{\r\n\t\"text\": \"a\\nb\"\n}";
    bench.append(record);
    CHECK(only_record(bench)["arguments"]["text"] == "a\nb");
}

TEST_CASE("arguments over 4 KiB are kept as a head with size and digest") {
    JournalBench bench;
    bench.open();
    JournalRecord record = sample_record(1);
    const std::string exact = "\"" + std::string(4094, 'x') + "\"";
    record.arguments = exact;
    bench.append(record);
    CHECK(only_record(bench)["arguments"].get<std::string>().size() == 4094);
    // The cut falls into the two-byte character and steps back.
    const std::string longer = "\"" + std::string(4094, 'x') + "\u00e9\"";
    record.arguments = longer;
    bench.append(record);
    const auto lines = lines_of(bench.all_bytes());
    const Json json = parse_json(lines.at(1)).value();
    CHECK_FALSE(json.contains("arguments"));
    CHECK(json["arguments_head"] == longer.substr(0, 4095));
    CHECK(json["arguments_bytes"] == longer.size());
    CHECK(json["arguments_sha256"].get<std::string>().size() == 64);
}

TEST_CASE("records of one turn are written together and resume in order") {
    JournalBench bench;
    bench.open();
    for (std::uint64_t i = 1; i <= 5; ++i) {
        bench.start(sample_record(i));
    }
    bench.journal->append_later(sample_record(6));
    CHECK(bench.all_bytes().empty());
    CHECK(bench.journal->last_seq() == 0);
    bench.run();
    REQUIRE(bench.results.size() == 5);
    // append_later came first: the others begin with the turn.
    for (std::uint64_t i = 0; i < 5; ++i) {
        CHECK(bench.results[i].value() == i + 2);
    }
    CHECK(bench.journal->last_seq() == 6);
    CHECK(bench.good_count() == 6);
}

TEST_CASE("what append_later was given is written when the journal closes") {
    JournalBench bench;
    bench.open();
    bench.journal->append_later(sample_record(1));
    bench.journal.reset();
    CHECK(bench.good_count() == 1);
}

TEST_CASE("sequence and chain go on after a restart") {
    JournalBench bench;
    bench.open();
    bench.fill(3);
    bench.open();
    CHECK(bench.journal->last_seq() == 3);
    CHECK(bench.append(sample_record(4)) == "4");
    CHECK(bench.problem().empty());
    CHECK(bench.good_count() == 4);
}

TEST_CASE("segments rotate at their size and the chain runs through them, also over restarts") {
    JournalBench bench;
    bench.options.segment_max_bytes = 1500;
    bench.open();
    bench.fill(20);
    bench.open();
    bench.fill(20);
    const auto files = bench.segments();
    CHECK(files.size() >= 8);
    for (const auto& file : files) {
        CHECK(std::filesystem::file_size(file) <= 1500);
        struct stat facts{};
        REQUIRE(::stat(file.c_str(), &facts) == 0);
        CHECK((facts.st_mode & 0777U) == 0600);
    }
    CHECK(files[0].filename() == "00000000000000000001.jsonl");
    CHECK(bench.problem().empty());
    CHECK(bench.good_count() == 40);
}

TEST_CASE("a batch over one megabyte is written before the turn ends") {
    JournalBench bench;
    bench.open();
    const std::string arguments = "\"" + std::string(4000, 'x') + "\"";
    for (std::uint64_t i = 1; i <= 400; ++i) {
        JournalRecord record = sample_record(i);
        record.arguments = arguments;
        bench.journal->append_later(record);
    }
    CHECK(bench.journal->last_seq() > 200);
    CHECK(bench.journal->last_seq() < 400);
    bench.run();
    CHECK(bench.good_count() == 400);
}

TEST_CASE("a failed write refuses its callers, is cut back, and the next append tries anew") {
    JournalBench bench;
    bench.open();
    bench.fill(2);
    const std::string before = bench.all_bytes();
    {
        const FileSizeLimit limit(before.size() + 100);
        bench.results.clear();
        bench.start(sample_record(3));
        bench.start(sample_record(4));
        bench.run();
        REQUIRE(bench.results.size() == 2);
        for (const auto& result : bench.results) {
            REQUIRE_FALSE(result);
            CHECK(result.error().code == "GH-G901");
            CHECK_FALSE(result.error().action.empty());
        }
        CHECK(bench.all_bytes() == before);
        CHECK(bench.append(sample_record(5)) == "GH-G901");
        CHECK(bench.journal->last_seq() == 2);
    }
    CHECK(bench.append(sample_record(6)) == "3");
    CHECK(bench.problem().empty());
    CHECK(bench.good_count() == 3);
}

TEST_CASE("with sync to disk appends complete after it, several at a time, across segments") {
    JournalBench bench;
    bench.options.sync_to_disk = true;
    bench.options.segment_max_bytes = 1500;
    bench.open();
    for (int round = 0; round < 5; ++round) {
        bench.results.clear();
        for (std::uint64_t i = 1; i <= 6; ++i) {
            bench.start(sample_record(i));
        }
        bench.run();
        CHECK(bench.results.size() == 6);
    }
    // One that is under way when the journal closes is completed too.
    bench.results.clear();
    bench.start(sample_record(1));
    bench.loop.restart();
    bench.loop.poll_one();
    bench.close();
    REQUIRE(bench.results.size() == 1);
    CHECK(bench.results[0].value() == 31);
    CHECK(bench.problem().empty());
    CHECK(bench.good_count() == 31);
}

TEST_CASE("a second writer on the folder is refused") {
    JournalBench bench;
    bench.open();
    auto second = Journal::open(bench.loop.get_executor(), bench.clock, bench.options);
    REQUIRE_FALSE(second);
    CHECK(second.error().code == "GH-G901");
}

TEST_CASE("a folder that cannot be made is GH-G901") {
    JournalBench bench;
    write_file(bench.folder, "a file in its place");
    CHECK(bench.try_open() == "GH-G901");
}

TEST_CASE("a segment cut, grown or removed by somebody else is not written to any more") {
    for (const int harm : {0, 1, 2}) {
        CAPTURE(harm);
        JournalBench bench;
        bench.open();
        bench.fill(3);
        const auto file = bench.segments().at(0);
        const std::string bytes = file_bytes(file);
        if (harm == 0) {
            std::filesystem::remove(file);
        } else {
            std::filesystem::resize_file(file, harm == 1 ? bytes.size() - 5 : bytes.size() + 5);
        }
        CHECK(bench.append(sample_record(4)) == "4");
        CHECK(bench.segments().back().filename() == "00000000000000000004.jsonl");
        CHECK_FALSE(bench.problem().empty());
    }
}

TEST_CASE("record cost", "[.bench]") {
    JournalBench bench;
    bench.open();
    constexpr int rounds = 1000;
    constexpr int per_turn = 100;
    const auto start = std::chrono::steady_clock::now();
    for (int round = 0; round < rounds; ++round) {
        for (std::uint64_t i = 0; i < per_turn; ++i) {
            bench.journal->append_later(sample_record(i + 1));
        }
        bench.run();
    }
    std::chrono::duration<double, std::micro> spent = std::chrono::steady_clock::now() - start;
    WARN("append_later: " << spent.count() / (rounds * per_turn) << " us a record");
    const auto start_waiting = std::chrono::steady_clock::now();
    for (int i = 0; i < per_turn; ++i) {
        bench.tasks.spawn("append", append_many(*bench.journal, rounds));
    }
    bench.run();
    spent = std::chrono::steady_clock::now() - start_waiting;
    WARN("append by 100 coroutines: " << spent.count() / (rounds * per_turn) << " us a record");
    const auto start_verify = std::chrono::steady_clock::now();
    CHECK(bench.good_count() == 2 * rounds * per_turn);
    spent = std::chrono::steady_clock::now() - start_verify;
    WARN("verify: " << spent.count() / (2 * rounds * per_turn) << " us a record");
}
