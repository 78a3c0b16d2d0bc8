#include "sandbox/outcome.hpp"

#include "runtime/base/error.hpp"

#include <cstring>

namespace gatehouse::sandbox {
namespace {

std::string signal_text(int signal_number) {
    const char* name = sigabbrev_np(signal_number);
    return name != nullptr ? std::string("SIG") + name : std::to_string(signal_number);
}

// Rounded up, so that a limit of some bytes is never told as nothing.
std::string mebibytes(std::uint64_t bytes) {
    return std::to_string((bytes + (1U << 20) - 1) >> 20) + " MiB";
}

std::string memory_limit_text(const Outcome& outcome) {
    std::string text = ", at its memory limit";
    if (outcome.memory_max_bytes) {
        text += " of " + mebibytes(*outcome.memory_max_bytes);
    }
    if (outcome.memory_peak_bytes) {
        text += " (peak " + mebibytes(*outcome.memory_peak_bytes) + ")";
    }
    return text;
}

std::string end_text(const Outcome& outcome) {
    switch (outcome.kind) {
    case EndKind::exited:
        return "exit status " + std::to_string(outcome.code);
    case EndKind::signaled:
        return "signal " + signal_text(outcome.signal) + (outcome.core ? ", core dumped" : "");
    case EndKind::setup_failed:
        return "step '" + outcome.step + "' failed: " + errno_text(outcome.error_number);
    case EndKind::exec_failed:
        return "the command could not be executed: " + errno_text(outcome.error_number);
    case EndKind::jail_lost:
        break;
    }
    return "killed from outside: the jail ended without a report";
}

} // namespace

std::string to_text(const Outcome& outcome) {
    std::string text = end_text(outcome);
    if (outcome.oom_killed) {
        text += memory_limit_text(outcome);
    } else if (outcome.host_oom_killed) {
        text += ", by the out-of-memory killer of the host, within its own memory limit";
    } else if (outcome.oom_kills > 0) {
        text += ", after " + std::to_string(outcome.oom_kills) + " of its processes " +
                (outcome.oom_kills == 1 ? "was" : "were") + " killed for want of memory";
    }
    if (!outcome.forbidden_call.empty()) {
        text += ", for " + outcome.forbidden_call;
    }
    if (outcome.pids_limit_hit) {
        text += ", after it reached its limit of processes";
    }
    return text;
}

} // namespace gatehouse::sandbox
