#include "runtime/logs/log_store.hpp"

#include "runtime/base/assert.hpp"
#include "runtime/logs/file_log.hpp"

#include <algorithm>
#include <map>
#include <re2/re2.h>
#include <set>
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
    bool ending = false; // before the logs, whose last words may fill a segment
    std::map<ConnectorName, std::unique_ptr<FileLog>> logs{};
    // Sizes of the logs of deleted connectors, which nobody opened; they do not grow.
    std::map<ConnectorName, std::uint64_t> unopened_bytes{};
    bool unopened_known = false;
    std::set<ConnectorName> only_found{}; // opened to be read, with no settings of a manifest
    std::shared_ptr<std::string> batch = std::make_shared<std::string>();

    Result<FileLog*> open_log(const ConnectorName& name, std::uint64_t max_bytes,
                              LogPressure pressure);
    std::vector<ConnectorName> names() const;
    void measure_unopened();
    std::uint64_t total_bytes() const;
    ConnectorName largest() const;
    void delete_unopened_expired();
    void tidy();
};

namespace {

std::uint64_t files_bytes(const std::filesystem::path& folder) {
    std::uint64_t total = 0;
    std::error_code code;
    for (const auto& entry : std::filesystem::directory_iterator(folder, code)) {
        std::error_code ignored;
        const auto size = entry.file_size(ignored);
        total += ignored ? 0 : size;
    }
    return total;
}

} // namespace

LogStore::LogStore(const Clock& clock, std::filesystem::path folder, LogStoreOptions options)
    : impl_(new Impl{clock, std::move(folder), options}) {}

LogStore::~LogStore() {
    impl_->ending = true;
}

Result<FileLog*> LogStore::Impl::open_log(const ConnectorName& name, std::uint64_t max_bytes,
                                          LogPressure pressure) {
    // A manifest's name has no slash and no dot; anything else would leave the folder.
    GH_ASSERT(!name.empty() && name.str().find_first_of("/.") == std::string::npos);
    FileLogOptions made;
    made.folder = folder / name.str();
    made.max_bytes = max_bytes;
    made.segment_bytes = segment_bytes_for(max_bytes);
    made.max_age = options.max_age;
    made.rate = options.rate;
    made.pressure = pressure;
    made.batch = batch;
    made.on_segment_full = [this] { tidy(); };
    auto log = FileLog::open(clock, std::move(made));
    if (!log) {
        return std::move(log).error();
    }
    unopened_bytes.erase(name);
    return logs.emplace(name, std::move(*log)).first->second.get();
}

std::vector<ConnectorName> LogStore::Impl::names() const {
    std::vector<ConnectorName> found;
    std::error_code code;
    for (const auto& entry : std::filesystem::directory_iterator(folder, code)) {
        std::error_code ignored;
        const std::string name = entry.path().filename().string();
        if (entry.is_directory(ignored) && name.find('.') == std::string::npos) {
            found.emplace_back(name);
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

void LogStore::Impl::measure_unopened() {
    if (std::exchange(unopened_known, true)) {
        return;
    }
    for (const auto& name : names()) {
        if (!logs.contains(name)) {
            unopened_bytes.emplace(name, files_bytes(folder / name.str()));
        }
    }
}

std::uint64_t LogStore::Impl::total_bytes() const {
    std::uint64_t total = 0;
    for (const auto& [name, log] : logs) {
        total += log->total_bytes();
    }
    for (const auto& [name, bytes] : unopened_bytes) {
        total += bytes;
    }
    return total;
}

ConnectorName LogStore::Impl::largest() const {
    ConnectorName found;
    std::uint64_t most = 0;
    const auto look = [&](const ConnectorName& name, std::uint64_t bytes) {
        if (bytes > most) {
            found = name;
            most = bytes;
        }
    };
    for (const auto& [name, log] : logs) {
        // The segment that is being written stays, whatever the cap.
        look(name, log->segment_count() > 1 ? log->total_bytes() : 0);
    }
    for (const auto& [name, bytes] : unopened_bytes) {
        look(name, bytes);
    }
    return found;
}

// Nobody opens the log of a deleted connector, so its files are judged by when they were written.
void LogStore::Impl::delete_unopened_expired() {
    if (options.max_age.count() == 0) {
        return;
    }
    const auto now = std::chrono::file_clock::from_sys(clock.wall_now());
    for (auto& [name, bytes] : unopened_bytes) {
        std::error_code code;
        const auto path = folder / name.str();
        for (const auto& entry : std::filesystem::directory_iterator(path, code)) {
            std::error_code ignored;
            const auto written = entry.last_write_time(ignored);
            if (!ignored && Segment::parse_name(entry.path().filename()) &&
                written < now - options.max_age) {
                std::filesystem::remove(entry.path(), ignored);
            }
        }
        bytes = files_bytes(path);
        std::filesystem::remove(path, code); // only if nothing is left in it
    }
}

void LogStore::Impl::tidy() {
    if (ending) {
        return;
    }
    for (const auto& [name, log] : logs) {
        log->delete_expired();
    }
    measure_unopened();
    delete_unopened_expired();
    if (options.host_max_bytes == 0) {
        return;
    }
    while (total_bytes() > options.host_max_bytes) {
        const ConnectorName name = largest();
        if (name.empty()) {
            return;
        }
        const auto known = logs.find(name);
        if (known != logs.end()) {
            known->second->delete_oldest();
            continue;
        }
        if (!open_log(name, UINT64_MAX, LogPressure::drop)) {
            unopened_bytes[name] = 0;
            continue;
        }
        only_found.insert(name);
    }
}

Result<ConnectorLog*> LogStore::open(const ConnectorName& name, std::uint64_t max_bytes,
                                     LogPressure pressure) {
    if (const auto known = impl_->logs.find(name); known != impl_->logs.end()) {
        if (impl_->only_found.erase(name) > 0) {
            known->second->configure(max_bytes, pressure);
        }
        return static_cast<ConnectorLog*>(known->second.get());
    }
    auto opened = impl_->open_log(name, max_bytes, pressure);
    if (!opened) {
        return std::move(opened).error();
    }
    return static_cast<ConnectorLog*>(*opened);
}

std::vector<ConnectorName> LogStore::names() const {
    return impl_->names();
}

ConnectorLog* LogStore::find(const ConnectorName& name) {
    if (const auto known = impl_->logs.find(name); known != impl_->logs.end()) {
        return known->second.get();
    }
    const auto known = names();
    if (!std::binary_search(known.begin(), known.end(), name)) {
        return nullptr;
    }
    auto opened = impl_->open_log(name, UINT64_MAX, LogPressure::drop);
    if (!opened) {
        return nullptr;
    }
    impl_->only_found.insert(name);
    return *opened;
}

void LogStore::configure(const ConnectorName& name, std::uint64_t max_bytes, LogPressure pressure) {
    if (const auto known = impl_->logs.find(name); known != impl_->logs.end()) {
        impl_->only_found.erase(name);
        known->second->configure(max_bytes, pressure);
    }
}

void LogStore::tidy() {
    impl_->tidy();
}

} // namespace gatehouse::runtime
