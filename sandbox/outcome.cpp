#include "sandbox/outcome.hpp"

#include "runtime/base/error.hpp"

#include <cstring>

namespace gatehouse::sandbox {
namespace {

std::string signal_text(int signal_number) {
    const char* name = sigabbrev_np(signal_number);
    return name != nullptr ? std::string("SIG") + name : std::to_string(signal_number);
}

} // namespace

std::string to_text(const Outcome& outcome) {
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

} // namespace gatehouse::sandbox
