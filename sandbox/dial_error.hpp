// The texts for a dial that failed. Pure.
#pragma once

#include "runtime/base/error.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace gatehouse::sandbox {

// GH-P313 ECONNREFUSED, GH-P314 ETIMEDOUT, GH-P315 dial_ended_errno, GH-P316 anything else.
Error dial_error(const std::string& connector, std::uint16_t port, int error_number,
                 std::chrono::milliseconds deadline);

} // namespace gatehouse::sandbox
