// What the tests of the log store share.
#pragma once

#include "runtime/logs/file_log.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace gatehouse::runtime::test {

struct TempFolder {
    TempFolder() {
        std::string pattern = "/tmp/gh-logs-XXXXXX";
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        path = pattern;
    }
    ~TempFolder() { std::filesystem::remove_all(path); }
    std::filesystem::path path;
};

inline LogContext of(std::uint64_t instance) {
    LogContext context;
    context.instance = InstanceId{instance};
    return context;
}

inline std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

inline void write_file(const std::filesystem::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

// Without a rate limit, so that a test can write as much as it wants.
inline FileLogOptions unlimited(const std::filesystem::path& folder,
                                std::uint64_t max_bytes = 64ULL << 20) {
    FileLogOptions options;
    options.folder = folder;
    options.max_bytes = max_bytes;
    options.segment_bytes = segment_bytes_for(max_bytes);
    options.rate.lines_per_second = 0;
    return options;
}

inline std::unique_ptr<FileLog> open_file(const Clock& clock, FileLogOptions options) {
    auto log = FileLog::open(clock, std::move(options));
    REQUIRE(log.has_value());
    return std::move(*log);
}

// All pages of a reading.
inline std::vector<LogRecord> read_all(ConnectorLog& log, const LogFilter& filter = {},
                                       std::uint64_t after_seq = 0) {
    std::vector<LogRecord> records;
    for (int pages = 0;; ++pages) {
        REQUIRE(pages < 100'000);
        LogPage page = log.read(filter, after_seq, 1000, 1 << 20);
        for (auto& record : page.records) {
            records.push_back(std::move(record));
        }
        after_seq = page.next;
        if (!page.more) {
            return records;
        }
    }
}

inline std::vector<std::string> texts_of(const std::vector<LogRecord>& records) {
    std::vector<std::string> texts;
    for (const LogRecord& record : records) {
        texts.push_back(record.text);
    }
    return texts;
}

} // namespace gatehouse::runtime::test
