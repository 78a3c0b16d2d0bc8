#include "runtime/logs/log_store.hpp"

#include "runtime/base/assert.hpp"
#include "runtime/logs/file_log.hpp"

#include <algorithm>
#include <map>
#include <re2/re2.h>
#include <utility>

namespace gatehouse::runtime {

const char* to_text(LogStream stream) {
    switch (stream) {
    case LogStream::standard_error:
        return "stderr";
    case LogStream::stdout_noise:
        return "stdout_noise";
    case LogStream::supervisor:
        return "supervisor";
    case LogStream::mcp:
        return "mcp";
    case LogStream::probe:
        return "probe";
    case LogStream::egress:
        return "egress";
    }
    GH_ASSERT(false);
    return "";
}

std::optional<LogStream> parse_log_stream(std::string_view word) {
    for (int value = 0; value <= static_cast<int>(LogStream::egress); ++value) {
        if (word == to_text(static_cast<LogStream>(value))) {
            return static_cast<LogStream>(value);
        }
    }
    return std::nullopt;
}

struct LogStore::Impl {
    const Clock& clock;
    std::filesystem::path folder;
    LogStoreOptions options;
    std::map<ConnectorName, std::unique_ptr<FileLog>> logs;
};

LogStore::LogStore(const Clock& clock, std::filesystem::path folder, LogStoreOptions options)
    : impl_(new Impl{clock, std::move(folder), options, {}}) {}

LogStore::~LogStore() = default;

Result<ConnectorLog*> LogStore::open(const ConnectorName& name, std::uint64_t max_bytes) {
    // A manifest's name has no slash and no dot; anything else would leave the folder.
    GH_ASSERT(!name.empty() && name.str().find_first_of("/.") == std::string::npos);
    if (const auto known = impl_->logs.find(name); known != impl_->logs.end()) {
        return static_cast<ConnectorLog*>(known->second.get());
    }
    FileLogOptions options;
    options.folder = impl_->folder / name.str();
    options.max_bytes = max_bytes;
    options.segment_bytes = std::min<std::uint64_t>(8ULL << 20, max_bytes / 8);
    auto log = FileLog::open(impl_->clock, std::move(options));
    if (!log) {
        return std::move(log).error();
    }
    ConnectorLog* opened = log->get();
    impl_->logs.emplace(name, std::move(*log));
    return opened;
}

std::vector<ConnectorName> LogStore::names() const {
    std::vector<ConnectorName> found;
    std::error_code code;
    for (const auto& entry : std::filesystem::directory_iterator(impl_->folder, code)) {
        std::error_code ignored;
        if (entry.is_directory(ignored)) {
            found.emplace_back(entry.path().filename().string());
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

ConnectorLog* LogStore::find(const ConnectorName& name) {
    const auto known = names();
    if (!std::binary_search(known.begin(), known.end(), name)) {
        return nullptr;
    }
    auto opened = open(name, 64ULL << 20);
    return opened ? *opened : nullptr;
}

Result<void> check_filter(const LogFilter& filter) {
    const re2::RE2 pattern(filter.grep, re2::RE2::Quiet);
    if (pattern.ok()) {
        return {};
    }
    return Error{"GH-C532", "the pattern is no regular expression", filter.grep, pattern.error(),
                 "write it in the syntax of RE2, or put a backslash before special characters"};
}

} // namespace gatehouse::runtime
