// SHA-256 through OpenSSL, as the journal writes it. Pure.
#pragma once

#include <string>
#include <string_view>

namespace gatehouse::gateway {

// 64 lower-case hexadecimal digits.
std::string sha256_hex(std::string_view bytes);

} // namespace gatehouse::gateway
