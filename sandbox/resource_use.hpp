// ResourceUse: what one connector's tree takes, as its control group counts it. Pure.
#pragma once

#include <cstdint>

namespace gatehouse::sandbox {

// 0: not counted on this host.
struct ResourceUse {
    // Without the cached files that the kernel would give back at the limit; with shared memory and
    // what lies in /tmp and /dev/shm.
    std::uint64_t memory_bytes = 0;
    std::uint64_t memory_peak_bytes = 0; // with cached files: what the limit is held against
    std::uint64_t memory_max_bytes = 0;
    std::uint64_t pids = 0; // threads count too; without the jail's own processes
    std::uint64_t cpu_ms = 0;
    std::uint32_t oom_kills = 0;   // processes of the tree that the kernel killed for memory
    bool memory_limit_met = false; // its use came up to its own limit at least once
    bool pids_limit_hit = false;   // a fork was refused at least once
};

} // namespace gatehouse::sandbox
