// Doctor: the daemon's look at itself, one check after the other: each says what is, and if it is
// not as it should be, what to do. Reads the data folder's modes and free space; changes nothing.
#pragma once

#include "gateway/admin/admin_json.hpp"
#include "runtime/events/event_log.hpp"

#include <string>
#include <vector>

namespace gatehouse::gateway {

enum class CheckState { ok, warn, fail };

struct DoctorCheck {
    std::string name; // "data folder", "connector notes"
    CheckState state = CheckState::ok;
    std::string text;
    std::string action; // empty if there is nothing to do
};

// `events` may be null.
std::vector<DoctorCheck> examine(const DaemonFacts& facts,
                                 const std::vector<runtime::ConnectorStatus>& connectors,
                                 const runtime::EventLog* events);
// {"ok": bool, "checks": [{"name", "state", "text", "action"}]}; ok: none has failed.
Json doctor_json(const std::vector<DoctorCheck>& checks);

} // namespace gatehouse::gateway
