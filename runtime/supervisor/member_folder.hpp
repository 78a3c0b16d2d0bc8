// The folder of a member's own files below state/<connector>/members. Pure.
#pragma once

#include "runtime/base/ids.hpp"

#include <string>

namespace gatehouse::runtime {

// Different for different principals, also on a disk that ignores case, never leading out, without
// blanks: "agent:ci" is "agent=3aci". Long names go over several folders.
std::string member_folder_of(const PrincipalId& principal);

} // namespace gatehouse::runtime
