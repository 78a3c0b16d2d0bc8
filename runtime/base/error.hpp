// The one error value of the project: what failed, where, why, and what to do about it, with a
// stable cause code (the list is in design/health.md; `gatehouse explain CODE` documents each).
// Pure values.
#pragma once

#include <string>

namespace gatehouse {

struct Error {
    std::string code;   // "GH-C501"; never empty
    std::string what;   // what failed, a short clause without a full stop
    std::string where;  // file:line:column, JSON pointer, path or step; may be empty
    std::string why;    // the reason; may be empty
    std::string action; // what the reader can do; may be empty
};

// One line for logs and terminals: "GH-C501 what (where): why. action".
std::string to_text(const Error& error);

// The text of an errno value, thread-safe: "No such file or directory (ENOENT)".
std::string errno_text(int error_number);

} // namespace gatehouse
