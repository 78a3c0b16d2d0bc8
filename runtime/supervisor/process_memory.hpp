// Memory and CPU time of a process tree, read from /proc on request: for hosts where the tree has
// no control group that counts it.
#pragma once

#include <cstdint>
#include <sys/types.h>

namespace gatehouse::runtime {

struct TreeUse {
    std::uint64_t memory_bytes = 0; // resident; shared pages count in each process
    std::uint64_t cpu_ms = 0;       // also of children that were waited for
};

// Of the process and all its descendants; 0 if it is gone. Walks at most 1,024 processes.
TreeUse tree_use(pid_t root);
std::uint64_t tree_memory_bytes(pid_t root);

} // namespace gatehouse::runtime
