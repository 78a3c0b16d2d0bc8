#include "runtime/session/open_inputs.hpp"

#include "runtime/session/json_scan.hpp"

namespace gatehouse::runtime {

bool same_raw_id(std::string_view a, std::string_view b) {
    return a == b ||
           (a.starts_with('"') && b.starts_with('"') && string_value(a) == string_value(b));
}

} // namespace gatehouse::runtime
