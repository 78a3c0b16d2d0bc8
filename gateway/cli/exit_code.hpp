// The exit codes of `gatehouse`; API, like the JSON keys. Pure.
#pragma once

#include "runtime/base/error.hpp"

namespace gatehouse::gateway {

enum class ExitCode {
    ok = 0,
    failed = 1,
    usage = 2,
    post_condition = 3, // the change was tried, and what it promised does not hold
    not_found = 5,
    conflict = 7,
    unreachable = 8, // no daemon answers on the admin socket
    invalid_manifest = 9,
    audit_failed = 10,
};

// GH-N404 → not_found, GH-A111 and GH-N409 → conflict, GH-N503 → unreachable, else failed.
ExitCode exit_code_of(const Error& error);

} // namespace gatehouse::gateway
