// Outcome: how a child ended, as a value. The first cause wins. Pure.
#pragma once

#include <optional>
#include <string>

namespace gatehouse::sandbox {

enum class EndKind {
    exited,       // exit status in `code`
    signaled,     // signal number in `signal`
    setup_failed, // a step of the jail failed: the connector never ran; `step` and `error_number`
    exec_failed,  // the command could not be executed: the connector never ran; `error_number`
    jail_lost,    // the helper or init died without a report (killed from outside)
};

struct Outcome {
    EndKind kind = EndKind::jail_lost;
    int code = 0;
    int signal = 0;
    bool core = false;
    std::string step;     // name of the failed step
    int error_number = 0; // errno of the failed step or of exec
};

// "exit status 3", "signal SIGKILL", "step 'landlock' failed: Operation not permitted (EPERM)".
std::string to_text(const Outcome& outcome);

} // namespace gatehouse::sandbox
