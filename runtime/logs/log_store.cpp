#include "runtime/logs/log_store.hpp"

#include "runtime/base/assert.hpp"
#include "runtime/logs/file_log.hpp"

#include <algorithm>
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
    }
    GH_ASSERT(false);
    return "";
}

struct LogStore::Impl {
    const Clock& clock;
    std::filesystem::path folder;
    std::map<ConnectorName, std::unique_ptr<FileLog>> logs;
};

LogStore::LogStore(const Clock& clock, std::filesystem::path folder)
    : impl_(new Impl{clock, std::move(folder), {}}) {}

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

} // namespace gatehouse::runtime
