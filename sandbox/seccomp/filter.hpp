// The seccomp filters as BPF programs: compiled once in the daemon by libseccomp, loaded by the
// jail.
#pragma once

#include "runtime/base/result.hpp"

#include <cstddef>
#include <vector>

namespace gatehouse::sandbox {

using FilterProgram = std::vector<std::byte>; // sock_filter[]

struct Filters {
    FilterProgram
        connector;      // allow-list; loud calls EPERM, unknown ENOSYS, foreign ABI: init kills
    FilterProgram init; // a dozen calls; everything else EPERM
};

// Error GH-S604: libseccomp failed, with the call that it stumbled over.
Result<Filters> compile_filters();

} // namespace gatehouse::sandbox
