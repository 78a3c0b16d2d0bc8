// The name of a system call by its number, of any ABI that a filter can meet.
#pragma once

#include <cstdint>
#include <string>

namespace gatehouse::sandbox {

// arch and number as in seccomp_data: "the i386 call 'getpid'", "call 1234 of architecture
// 0x40000003".
std::string call_text(std::uint32_t arch, int number);

} // namespace gatehouse::sandbox
