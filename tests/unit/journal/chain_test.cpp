#include "journal_bench.hpp"

#include <algorithm>

using namespace gatehouse;
using namespace gatehouse::gateway;

TEST_CASE("a flipped bit in any byte of a journal is found") {
    JournalBench bench;
    bench.options.segment_max_bytes = 700;
    bench.open();
    bench.fill(3);
    bench.close();
    REQUIRE(bench.segments().size() >= 2);
    CHECK(bench.problem().empty());
    for (const auto& file : bench.segments()) {
        const std::string good = file_bytes(file);
        for (std::size_t i = 0; i < good.size(); ++i) {
            for (const int bit : {0, 5}) {
                CAPTURE(i, bit);
                std::string bad = good;
                bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
                write_file(file, bad);
                const std::string problem = bench.problem();
                CHECK(problem.find("segment " + file.filename().string() + ", line ") == 0);
                CHECK(problem.find(", seq ") != std::string::npos);
            }
        }
        write_file(file, good);
    }
    CHECK(bench.problem().empty());
}

TEST_CASE("verify names segment, line and number, and counts the good records before") {
    JournalBench bench;
    bench.open();
    bench.fill(5);
    bench.close();
    const auto file = bench.segments().at(0);
    std::string bytes = file_bytes(file);
    const auto third = bytes.find("\"call\":3");
    bytes[third + 7] = '9';
    write_file(file, bytes);
    CHECK(bench.problem() == "segment 00000000000000000001.jsonl, line 3, seq 3: "
                             "the hash does not match the record");
    CHECK(bench.good_count() == 2);
}

TEST_CASE("removed, doubled, swapped and missing records are found") {
    JournalBench bench;
    bench.options.segment_max_bytes = 1100;
    bench.open();
    bench.fill(9);
    bench.close();
    const auto files = bench.segments();
    REQUIRE(files.size() >= 3);
    const std::string good = file_bytes(files[0]);
    const auto cut = good.find('\n') + 1;
    const std::string first = good.substr(0, cut);
    const std::string rest = good.substr(cut);
    for (const std::string& bad :
         {rest, first, first + first + rest, rest + first, std::string()}) {
        write_file(files[0], bad);
        CHECK_FALSE(bench.problem().empty());
    }
    write_file(files[0], good);
    CHECK(bench.problem().empty());
    const std::string middle = file_bytes(files[1]);
    std::filesystem::remove(files[1]);
    CHECK(bench.problem().find("missing") != std::string::npos);
    write_file(files[1], middle);
    std::filesystem::remove(files[0]);
    CHECK(bench.problem().find("missing") != std::string::npos);
}

TEST_CASE("a tail torn at any byte of the last record is recovered") {
    JournalBench bench;
    bench.open();
    bench.fill(3);
    bench.close();
    const auto file = bench.segments().at(0);
    const std::string good = file_bytes(file);
    const auto last = good.rfind('\n', good.size() - 2) + 1;
    for (std::size_t size = last; size < good.size(); ++size) {
        CAPTURE(size);
        write_file(file, good.substr(0, size));
        REQUIRE(bench.try_open().empty());
        CHECK(bench.journal->last_seq() == 2);
        CHECK(bench.append(sample_record(3)) == "3");
        bench.close();
        CHECK(bench.problem().empty());
        CHECK(bench.good_count() == 3);
    }
}

TEST_CASE("a torn first record of the first or a later segment is recovered") {
    JournalBench bench;
    bench.open();
    bench.fill(1);
    bench.close();
    const auto first = bench.segments().at(0);
    for (const std::size_t keep : {std::size_t{0}, std::size_t{1}, std::size_t{200}}) {
        std::filesystem::resize_file(first, keep);
        REQUIRE(bench.try_open().empty());
        CHECK(bench.append(sample_record(1)) == "1");
        bench.close();
    }
    for (const std::size_t keep : {std::size_t{0}, std::size_t{150}}) {
        const auto second = bench.folder / "00000000000000000002.jsonl";
        write_file(second, std::string(keep, 'x'));
        REQUIRE(bench.try_open().empty());
        CHECK(bench.append(sample_record(2)) == "2");
        bench.close();
        CHECK(bench.problem().empty());
        CHECK(bench.good_count() == 2);
        std::filesystem::remove(second);
    }
}

TEST_CASE("a changed last record is refused at the start, not built upon") {
    JournalBench bench;
    bench.open();
    bench.fill(2);
    bench.close();
    const auto file = bench.segments().at(0);
    const std::string good = file_bytes(file);
    std::string bad = good;
    bad[bad.rfind("notes")] = 'N';
    write_file(file, bad);
    CHECK(bench.try_open() == "GH-G902");
    CHECK(file_bytes(file) == bad);
    write_file(file, good);
    write_file(bench.folder / "00000000000000000009.jsonl", "");
    CHECK(bench.try_open() == "GH-G902");
}

TEST_CASE("an empty journal is sound and a missing folder is an error") {
    JournalBench bench;
    CHECK(verify_journal(bench.folder).error().code == "GH-G901");
    CHECK(tail_journal(bench.folder, 5).error().code == "GH-G901");
    bench.open();
    CHECK(bench.problem().empty());
    CHECK(bench.good_count() == 0);
    CHECK(tail_journal(bench.folder, 5).value().empty());
}

TEST_CASE("tail gives the newest lines in order, across segments and blocks, without a torn one") {
    JournalBench bench;
    bench.options.segment_max_bytes = 100'000;
    bench.open();
    for (std::uint64_t i = 1; i <= 600; ++i) {
        bench.journal->append_later(sample_record(i));
        if (i % 50 == 0) {
            bench.run();
        }
    }
    bench.close();
    REQUIRE(bench.segments().size() >= 2);
    std::string bytes = bench.all_bytes();
    {
        std::ofstream(bench.segments().back(), std::ios::app) << "{\"seq\":601,\"ti";
    }
    for (const std::size_t count : {0U, 1U, 10U, 250U, 599U, 600U, 5000U}) {
        CAPTURE(count);
        const auto lines = tail_journal(bench.folder, count).value();
        CHECK(lines.size() == std::min<std::size_t>(count, 600));
        std::string joined;
        for (const auto& line : lines) {
            joined += line + "\n";
        }
        CHECK(bytes.ends_with(joined));
    }
    CHECK(bench.problem().find("not finished") != std::string::npos);
}
