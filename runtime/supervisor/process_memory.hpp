// Memory of a process tree, read from /proc on request.
#pragma once

#include <cstdint>
#include <sys/types.h>

namespace gatehouse::runtime {

// Resident memory of the process and all its descendants; 0 if it is gone. Shared pages count in
// each process. Walks at most 1,024 processes.
std::uint64_t tree_memory_bytes(pid_t root);

} // namespace gatehouse::runtime
