// The state that the steps of gatehouse-jail share, and how a step is run: an ordered list of named
// functions that return 0 or an errno. The first failure is reported and ends the process; a
// connector never runs with a missing step. Single-threaded, no allocation, no exceptions.
#pragma once

#include "sandbox/jail/plan_view.hpp"

#include <cerrno>
#include <sys/types.h>

namespace gatehouse::jail {

inline constexpr int failed_exit_status = 126;

struct Jail {
    PlanView plan;
    unsigned char* plan_bytes = nullptr; // the shared mapping of the memfd
    std::size_t plan_size_bytes = 0;

    int report_fd = wire::control_fd; // control socket (stage 1, init) or status socket (connector)
    const char* detail = "";          // what the current step works on, for the report

    int cgroup_fd = -1; // version 2: the folder of the tree's group, until init is in it

    int go_read_fd = -1; // stage 1 → init: the id maps are written
    int go_write_fd = -1;
    int init_pidfd = -1;
    pid_t init_pid = -1;

    int root_fd = -1; // the new root, later "/"
    int usr_fd = -1;
    int code_fd = -1;
    int volume_fds[wire::max_volume_count] = {};

    int listener_fd = -1; // connector: where its filter tells of calls of a foreign ABI
    int gate_fd = -1;     // init → connector: init has dropped its privileges
};

struct Step {
    const char* name;
    int (*run)(Jail&);
};

// 0 for success, else errno, of a call that answers -1 on failure.
inline int result_of(long answer) {
    return answer < 0 ? errno : 0;
}

// Runs the steps in order; at the first failure reports it and ends the process with status 126.
template <std::size_t N>
void run_steps(Jail& jail, const Step (&steps)[N]);

void run_step(Jail& jail, const Step& step);

template <std::size_t N>
void run_steps(Jail& jail, const Step (&steps)[N]) {
    for (const Step& step : steps) {
        run_step(jail, step);
    }
}

// Overwrites the plan, secrets included. The mapping is shared, so this wipes the only copy.
void wipe_plan(Jail& jail);

} // namespace gatehouse::jail
