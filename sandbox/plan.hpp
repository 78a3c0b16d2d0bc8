// LaunchPlan: everything the jail needs to run one connector, as plain values. Made from a
// ConnectorSpec by the supervisor, sent to gatehouse-jail by the launcher. Pure.
#pragma once

#include "runtime/base/secret.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace gatehouse::sandbox {

struct StateVolume {
    std::filesystem::path host_path; // absolute; made by the launcher, mode 0700, if missing
    std::string name;                // mounted read-write, noexec, nosuid, nodev at /data/<name>
};

struct ResourceLimits {
    // Of the whole tree, by its control group (shared memory and /tmp count too); where there is
    // none RLIMIT_DATA of each process, and SECURITY.md says what that misses.
    std::uint64_t memory_bytes = 512ULL << 20;
    std::uint64_t tmp_bytes = 256ULL << 20; // size of /tmp
    std::uint64_t file_bytes = 1ULL << 30;  // RLIMIT_FSIZE
    std::uint32_t pids = 256;               // processes and threads: control group or RLIMIT_NPROC
    std::uint32_t nofile = 1024;            // RLIMIT_NOFILE
    // 1 to 10,000 as in cpu.weight of version 2 (100 is an equal share); 0: no group for it.
    std::uint32_t cpu_weight = 0;
};

struct LaunchPlan {
    std::string connector;            // host name in the sandbox and text in messages
    std::filesystem::path code_dir;   // mounted read-only at /app, the working folder
    std::vector<std::string> command; // argv
    std::vector<std::pair<std::string, std::string>> env;   // besides PATH, HOME, TMPDIR, LANG
    std::vector<std::pair<std::string, Secret>> secret_env; // wiped after the launch
    std::vector<StateVolume> volumes;
    ResourceLimits limits;
    // Root mode: the foreign uid and gid, never 0, one for each connector. Ignored otherwise.
    std::uint32_t uid = 0;
};

} // namespace gatehouse::sandbox
