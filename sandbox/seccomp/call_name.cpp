#include "sandbox/seccomp/call_name.hpp"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <seccomp.h>

namespace gatehouse::sandbox {
namespace {

constexpr std::uint32_t x32_bit = 0x40000000;

struct ArchName {
    std::uint32_t token;
    const char* name;
};

constexpr ArchName arch_names[] = {
    {SCMP_ARCH_X86, "i386"}, {SCMP_ARCH_X86_64, "x86-64"},   {SCMP_ARCH_X32, "x32"},
    {SCMP_ARCH_ARM, "arm"},  {SCMP_ARCH_AARCH64, "aarch64"},
};

} // namespace

std::string call_text(std::uint32_t arch, int number) {
    // x32 shares the architecture of x86-64 and has a bit in the number.
    const bool is_x32 =
        arch == SCMP_ARCH_X86_64 && (static_cast<std::uint32_t>(number) & x32_bit) != 0;
    const std::uint32_t token = is_x32 ? SCMP_ARCH_X32 : arch;
    for (const ArchName& known : arch_names) {
        if (known.token != token) {
            continue;
        }
        const std::unique_ptr<char, decltype(&std::free)> name(
            seccomp_syscall_resolve_num_arch(token, number), &std::free);
        const auto plain = static_cast<std::uint32_t>(number) & ~(is_x32 ? x32_bit : 0);
        return std::string("the ") + known.name + " call " +
               (name ? "'" + std::string(name.get()) + "'" : std::to_string(plain));
    }
    char text[64];
    std::snprintf(text, sizeof text, "call %d of architecture 0x%x", number, arch);
    return text;
}

} // namespace gatehouse::sandbox
