// CrashRecord: what is kept of an instance that ended without being asked to: how, its last lines,
// and what each caller of the calls in flight was told. On disk (data/crashes/<connector>), the
// newest few of each connector, so that `gatehouse describe` can show it after a restart too.
#pragma once

#include "runtime/base/clock.hpp"
#include "runtime/base/error.hpp"
#include "runtime/base/ids.hpp"
#include "runtime/base/json.hpp"
#include "runtime/base/result.hpp"
#include "runtime/health/evidence.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace gatehouse::runtime {

struct CrashedCall {
    CallId id;
    std::string method;
    std::string target; // name of the tool or prompt, or URI; empty if unknown
    std::chrono::milliseconds age{0};
    // What became of it: "retried" (never sent, or read-only, went to the next instance),
    // "never_sent" (the caller was told: safe to retry), "may_have_run" (the caller was told so).
    std::string told;
};

struct CrashRecord {
    std::string connector;
    InstanceId instance;
    WallTime time;
    Error cause;
    ExitEvidence exit;
    std::vector<CrashedCall> calls;      // at most 64
    std::vector<std::string> last_lines; // at most 50, as logged (masked), oldest first
    std::uint64_t log_cursor = 0;        // seq of the newest of them
};

Json crash_json(const CrashRecord& record);
std::optional<CrashRecord> parse_crash(const Json& json);

// At most 20 records a connector; the oldest is removed first. Writes by rename.
class CrashStore {
  public:
    static constexpr std::size_t kept_max_count = 20;
    explicit CrashStore(std::filesystem::path folder) : folder_(std::move(folder)) {}
    Result<void> add(const CrashRecord& record);
    std::vector<CrashRecord> list(const ConnectorName& name) const; // newest first

  private:
    std::filesystem::path folder_;
};

} // namespace gatehouse::runtime
