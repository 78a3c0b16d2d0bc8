// The exit codes of `gatehouse`; API, like the JSON keys. Pure.
#pragma once

#include "runtime/base/error.hpp"

namespace gatehouse::gateway {

enum class ExitCode {
    ok = 0,
    failed = 1,
    usage = 2,
    post_condition = 3, // the change was tried, and what it promised does not hold
    sign_in_needed = 4, // a person must connect an account first
    not_found = 5,
    denied = 6, // by policy
    conflict = 7,
    unreachable = 8, // no daemon answers on the admin socket
    invalid_manifest = 9,
    audit_failed = 10,
};

// By its cause code: GH-N404 → not_found, GH-N400 → usage, GH-N409 → conflict, GH-A101 →
// sign_in_needed, GH-N406 and GH-Z… → denied, GH-N503 → unreachable, and so on; else failed.
ExitCode exit_code_of(const Error& error);

} // namespace gatehouse::gateway
