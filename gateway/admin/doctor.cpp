#include "gateway/admin/doctor.hpp"

#include "runtime/base/units.hpp"

#include <array>
#include <cerrno>
#include <filesystem>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <utility>

namespace gatehouse::gateway {

namespace {

constexpr std::uint64_t free_least_bytes = 200ULL << 20;
constexpr std::uint64_t free_low_bytes = 2ULL << 30;

std::string rounded_size(std::uint64_t bytes) {
    return bytes >= (10ULL << 30) ? std::to_string(bytes >> 30) + "GiB"
                                  : std::to_string(bytes >> 20) + "MiB";
}

// "landlock: missing (…)" → the check "landlock"; the words are those of sandbox/features.
DoctorCheck feature_check(const std::string& line) {
    const std::size_t colon = line.find(": ");
    DoctorCheck check;
    check.name = line.substr(0, colon);
    check.text = colon == std::string::npos ? line : line.substr(colon + 2);
    const auto says = [&check](std::string_view word) {
        return check.text.find(word) != std::string::npos;
    };
    if (says("not available")) {
        check.state = CheckState::fail;
        check.action = "Run the daemon as root with CAP_SYS_ADMIN, or as an ordinary user";
    } else if (says("missing") || says("refused")) {
        check.state = CheckState::warn;
        check.action = "Connectors run with one wall less; SECURITY.md says what it means";
    } else if (says("no cgroup")) {
        check.state = CheckState::warn;
        check.action = "Limits hold for each process, not for the tree; let the daemon have a "
                       "cgroup of its own (systemd: Delegate=yes)";
    }
    return check;
}

DoctorCheck mode_check(const std::filesystem::path& data) {
    constexpr std::array<const char*, 5> kept{"", "keys", "store.sqlite", "journal", "logs"};
    for (const char* name : kept) {
        const std::filesystem::path path = *name == '\0' ? data : data / name;
        struct stat facts{};
        if (::stat(path.c_str(), &facts) != 0) {
            if (errno == ENOENT && *name != '\0') {
                continue;
            }
            return {"data folder", CheckState::fail, path.string() + ": " + errno_text(errno),
                    "Let the daemon's user read it"};
        }
        if ((facts.st_mode & 077) != 0) {
            return {"data folder", CheckState::fail, path.string() + " is open to other users",
                    "chmod go-rwx " + path.string()};
        }
    }
    return {"data folder", CheckState::ok, data.string() + ", for the daemon's user alone", ""};
}

DoctorCheck space_check(const std::filesystem::path& data) {
    struct statvfs facts{};
    if (::statvfs(data.c_str(), &facts) != 0) {
        return {"disk", CheckState::fail, data.string() + ": " + errno_text(errno), ""};
    }
    const std::uint64_t free_bytes = static_cast<std::uint64_t>(facts.f_bavail) * facts.f_frsize;
    DoctorCheck check{"disk", CheckState::ok, rounded_size(free_bytes) + " free", ""};
    if (free_bytes < free_low_bytes) {
        check.state = free_bytes < free_least_bytes ? CheckState::fail : CheckState::warn;
        check.action = "Make room where " + data.string() +
                       " is: when the journal cannot be "
                       "written, calls are refused";
    }
    return check;
}

bool as_it_should_be(const std::string& health) {
    return health == "healthy" || health == "idle" || health == "stopped" || health == "starting" ||
           health == "unknown";
}

DoctorCheck connector_check(const runtime::ConnectorStatus& status) {
    DoctorCheck check;
    check.name = "connector " + status.name.str();
    check.state = status.health == "degraded" ? CheckState::warn : CheckState::fail;
    check.text = status.health;
    if (status.cause) {
        check.text += ": " + status.cause->code + " " + status.cause->what +
                      (status.cause->why.empty() ? "" : ": " + status.cause->why);
        check.action = status.cause->action;
    }
    if (check.action.empty()) {
        check.action = "gatehouse describe " + status.name.str();
    }
    return check;
}

DoctorCheck events_check(const runtime::EventLog& events) {
    const std::uint64_t lost = events.lost_count();
    return lost == 0 ? DoctorCheck{"events", CheckState::ok, "every event is on disk", ""}
                     : DoctorCheck{"events", CheckState::warn,
                                   std::to_string(lost) + " events could not be written",
                                   "Look into the daemon's log for why, and at the disk"};
}

const char* state_word(CheckState state) {
    return state == CheckState::ok ? "ok" : state == CheckState::warn ? "warn" : "fail";
}

} // namespace

std::vector<DoctorCheck> examine(const DaemonFacts& facts,
                                 const std::vector<runtime::ConnectorStatus>& connectors,
                                 const runtime::EventLog* events) {
    std::vector<DoctorCheck> checks;
    for (const std::string& line : facts.mode) {
        checks.push_back(feature_check(line));
    }
    checks.push_back(mode_check(facts.data));
    checks.push_back(space_check(facts.data));
    if (events != nullptr) {
        checks.push_back(events_check(*events));
    }
    std::size_t well = 0;
    for (const runtime::ConnectorStatus& status : connectors) {
        well += as_it_should_be(status.health) ? 1 : 0;
    }
    checks.push_back(
        {"connectors", CheckState::ok,
         std::to_string(well) + " of " + std::to_string(connectors.size()) + " as they should be",
         ""});
    for (const runtime::ConnectorStatus& status : connectors) {
        if (!as_it_should_be(status.health)) {
            checks.push_back(connector_check(status));
        }
    }
    return checks;
}

Json doctor_json(const std::vector<DoctorCheck>& checks) {
    Json list = Json::array();
    bool ok = true;
    for (const DoctorCheck& check : checks) {
        ok = ok && check.state != CheckState::fail;
        Json one = Json::object();
        one["name"] = check.name;
        one["state"] = state_word(check.state);
        one["text"] = check.text;
        one["action"] = check.action;
        list.push_back(std::move(one));
    }
    Json json = Json::object();
    json["ok"] = ok;
    json["checks"] = std::move(list);
    return json;
}

} // namespace gatehouse::gateway
