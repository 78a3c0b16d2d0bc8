// Starts gatehouse-jail with posix_spawn and hands it over as a boost::process::v2::process.
// Boost's own launcher is not used: it leaks descriptors, and its cost grows with the daemon
// (ARCHITECTURE.md).
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/base/task.hpp"
#include "runtime/base/unique_fd.hpp"

#include <limits> // Boost.Process 1.81 uses it without including it

#include <boost/process/v2/process.hpp>
#include <filesystem>
#include <string>
#include <vector>

namespace gatehouse::sandbox {

// The child's descriptors from 0, in order: stdin, stdout, stderr, control socket, plan, and the
// entrances of its control groups.
using JailDescriptors = std::vector<int>;

struct SpawnedJail {
    boost::process::v2::process process; // holds the pid and a pidfd of its own
    UniqueFd pidfd;                      // for our waiting; Boost 1.81 does not give out its own
};

// The child gets these descriptors and no other, an empty environment, an empty signal mask,
// default dispositions and a session of its own. `label` is argv[1], for the reader of a process
// list. Error GH-S610, step 'spawn'.
Result<SpawnedJail> spawn_jail(Executor executor, const std::filesystem::path& jail_path,
                               const std::string& label, const JailDescriptors& descriptors);

} // namespace gatehouse::sandbox
