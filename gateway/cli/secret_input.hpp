// Reading a secret value from standard input: without echo from a terminal, whole from a pipe.
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/base/secret.hpp"

#include <cstddef>
#include <iosfwd>
#include <string>

namespace gatehouse::gateway {

constexpr std::size_t secret_max_bytes = 64 * 1024;

// One trailing newline is not part of the value. Errors GH-A109: empty, or over secret_max_bytes.
Result<Secret> read_secret_value(int fd, const std::string& name, std::ostream& prompt_to);

} // namespace gatehouse::gateway
