// Ids that cannot be guessed, for sessions and tasks.
#pragma once

#include <string>

namespace gatehouse::gateway {

// 128 random bits from the kernel, as hexadecimal text. No proof of identity.
std::string random_id();

} // namespace gatehouse::gateway
