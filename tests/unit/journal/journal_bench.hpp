// A journal in a folder of its own, for the tests of journal/.
#pragma once

#include "gateway/journal/journal.hpp"
#include "runtime/base/log.hpp"
#include "runtime/base/task_group.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdlib.h>
#include <string>
#include <vector>

namespace gatehouse::gateway {

inline std::string file_bytes(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
}

inline void write_file(const std::filesystem::path& file, const std::string& bytes) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

// Of a kind that leaves nothing open for the next start.
inline JournalRecord sample_record(std::uint64_t call) {
    JournalRecord record;
    record.kind = RecordKind::denial;
    record.call = call;
    record.principal = "agent:ci";
    record.virtual_server = "demo";
    record.connector = "notes";
    record.instance = 3;
    record.tool = "add";
    record.arguments = R"({"text":"hello"})";
    record.decision = "allow";
    record.rule = "default";
    return record;
}

struct JournalBench {
    std::filesystem::path root;
    std::filesystem::path folder;
    ManualClock clock;
    asio::io_context loop{1};
    JournalOptions options;
    std::vector<Result<std::uint64_t>> results;
    TaskGroup tasks{loop.get_executor()};
    std::unique_ptr<Journal> journal;

    JournalBench() {
        set_log_level(LogLevel::off);
        std::string pattern = "/tmp/gh_journal_XXXXXX";
        root = ::mkdtemp(pattern.data());
        folder = root / "journal";
        options.folder = folder;
    }
    ~JournalBench() {
        journal.reset();
        run();
        std::filesystem::remove_all(root);
    }

    std::string try_open() {
        journal.reset();
        auto opened = Journal::open(loop.get_executor(), clock, options);
        if (!opened) {
            return opened.error().code;
        }
        journal = std::move(*opened);
        return "";
    }
    void open() { REQUIRE(try_open().empty()); }
    void close() {
        journal.reset();
        run();
    }

    static Task<void> append_one(JournalBench& bench, JournalRecord record) {
        auto appending = bench.journal->append(std::move(record));
        auto result = co_await std::move(appending);
        bench.results.push_back(std::move(result));
    }
    void start(JournalRecord record) {
        tasks.spawn("append", append_one(*this, std::move(record)));
    }
    void run() {
        loop.restart();
        loop.run();
    }
    // The number the record got, or the code of the error.
    std::string append(JournalRecord record) {
        results.clear();
        start(std::move(record));
        run();
        REQUIRE(results.size() == 1);
        return results[0] ? std::to_string(*results[0]) : results[0].error().code;
    }
    void fill(std::uint64_t count) {
        for (std::uint64_t i = 1; i <= count; ++i) {
            append(sample_record(i));
        }
    }
    std::vector<std::filesystem::path> segments() const {
        std::vector<std::filesystem::path> files;
        for (const auto& entry : std::filesystem::directory_iterator(folder)) {
            files.push_back(entry.path());
        }
        std::sort(files.begin(), files.end());
        return files;
    }
    std::string all_bytes() const {
        std::string bytes;
        for (const auto& file : segments()) {
            bytes += file_bytes(file);
        }
        return bytes;
    }
    std::string problem() const {
        auto verdict = verify_journal(folder);
        REQUIRE(verdict);
        return verdict->problem.value_or("");
    }
    std::uint64_t good_count() const { return verify_journal(folder).value().record_count; }
};

} // namespace gatehouse::gateway
