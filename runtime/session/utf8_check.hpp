// Whether bytes are UTF-8, at memory speed. Pure. Its own unit, because simdjson's header is heavy.
#pragma once

#include <string_view>

namespace gatehouse::runtime {

bool is_valid_utf8(std::string_view bytes);

} // namespace gatehouse::runtime
