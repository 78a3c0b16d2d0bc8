// Strict base64 (RFC 4648 section 4, padding required) through OpenSSL. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::gateway {

std::optional<std::string> base64_decode(std::string_view text);

} // namespace gatehouse::gateway
