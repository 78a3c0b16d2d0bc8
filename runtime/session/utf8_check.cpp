#include "runtime/session/utf8_check.hpp"

#include <simdjson.h>

namespace gatehouse::runtime {

bool is_valid_utf8(std::string_view bytes) {
    return simdjson::validate_utf8(bytes.data(), bytes.size());
}

} // namespace gatehouse::runtime
