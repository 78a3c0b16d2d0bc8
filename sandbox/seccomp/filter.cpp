#include "sandbox/seccomp/filter.hpp"

#include "runtime/base/unique_fd.hpp"
#include "sandbox/seccomp/call_table.hpp"

#include <cerrno>
#include <memory>
#include <seccomp.h>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace gatehouse::sandbox {
namespace {

struct FilterContextRelease {
    void operator()(void* context) const { seccomp_release(context); }
};
using FilterContext = std::unique_ptr<void, FilterContextRelease>;

Error filter_error(const std::string& where, int error_number) {
    return Error("GH-S604", "the system call filter could not be compiled", where,
                 errno_text(error_number),
                 "check the installed libseccomp (2.5 or newer is needed)");
}

FilterContext new_context(std::uint32_t default_action, std::uint32_t foreign_abi_action) {
    FilterContext context(seccomp_init(default_action));
    if (context) {
        // Binary search over call numbers instead of a linear chain.
        seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
        seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, foreign_abi_action);
    }
    return context;
}

// Adds one rule; a name that this libseccomp or this architecture does not know stays at the
// default.
Result<void> add_rule(void* context, std::uint32_t action, const char* call,
                      std::span<const scmp_arg_cmp> comparisons) {
    const int number = seccomp_syscall_resolve_name(call);
    if (number == __NR_SCMP_ERROR || number < 0) {
        return {};
    }
    const int answer = seccomp_rule_add_array(
        context, action, number, static_cast<unsigned>(comparisons.size()), comparisons.data());
    if (answer != 0) {
        return filter_error(call, -answer);
    }
    return {};
}

Result<void> add_calls(void* context, std::uint32_t action, std::span<const char* const> calls) {
    for (const char* call : calls) {
        if (auto added = add_rule(context, action, call, {}); !added) {
            return added;
        }
    }
    return {};
}

scmp_arg_cmp masked_equal(unsigned argument, std::uint64_t mask, std::int64_t value) {
    return {argument, SCMP_CMP_MASKED_EQ, mask, static_cast<scmp_datum_t>(value)};
}

Result<void> add_socket_rule(void* context, const SocketRule& rule) {
    constexpr std::uint64_t low_half = 0xffffffff;
    constexpr std::uint64_t type_bits = 0xf; // above it are SOCK_CLOEXEC and SOCK_NONBLOCK
    const scmp_arg_cmp domain = masked_equal(0, low_half, rule.domain);
    std::vector<scmp_arg_cmp> compared = {domain};
    if (rule.type >= 0) {
        compared.push_back(masked_equal(1, type_bits, rule.type));
    }
    if (rule.protocol >= 0) {
        compared.push_back(masked_equal(2, low_half, rule.protocol));
    }
    return add_rule(context, SCMP_ACT_ALLOW, "socket", compared);
}

Result<void> add_argument_rules(void* context, std::uint32_t action,
                                std::span<const ArgumentRule> rules) {
    for (const ArgumentRule& rule : rules) {
        const scmp_arg_cmp comparison = {rule.argument, SCMP_CMP_MASKED_EQ, rule.mask, rule.value};
        if (auto added = add_rule(context, action, rule.call, {&comparison, 1}); !added) {
            return added;
        }
    }
    return {};
}

Result<void> add_init_rules(void* context) {
    if (auto added = add_calls(context, SCMP_ACT_ALLOW, init_calls()); !added) {
        return added;
    }
    for (const InitCallRule& rule : init_calls_with_arguments()) {
        std::vector<scmp_arg_cmp> comparisons;
        for (std::size_t i = 0; i < rule.comparison_count; ++i) {
            const auto& compared = rule.compared[i];
            comparisons.push_back(masked_equal(compared.argument, 0xffffffff, compared.value));
        }
        if (auto added = add_rule(context, SCMP_ACT_ALLOW, rule.call, comparisons); !added) {
            return added;
        }
    }
    return {};
}

Result<void> add_connector_rules(void* context) {
    constexpr std::uint32_t refuse = SCMP_ACT_ERRNO(EPERM);
    if (auto added = add_calls(context, SCMP_ACT_ALLOW, allowed_calls()); !added) {
        return added;
    }
    if (auto added = add_calls(context, refuse, loud_calls()); !added) {
        return added;
    }
    if (auto added = add_argument_rules(context, SCMP_ACT_ALLOW, allowed_with_argument()); !added) {
        return added;
    }
    if (auto added = add_argument_rules(context, refuse, loud_with_argument()); !added) {
        return added;
    }
    for (const SocketRule& rule : allowed_sockets()) {
        if (auto added = add_socket_rule(context, rule); !added) {
            return added;
        }
    }
    return {};
}

Result<FilterProgram> export_program(void* context) {
    const UniqueFd file(memfd_create("gatehouse-filter", MFD_CLOEXEC));
    if (!file) {
        return filter_error("memfd_create", errno);
    }
    if (const int answer = seccomp_export_bpf(context, file.get()); answer != 0) {
        return filter_error("seccomp_export_bpf", -answer);
    }
    struct stat status = {};
    if (fstat(file.get(), &status) != 0) {
        return filter_error("fstat", errno);
    }
    FilterProgram program(static_cast<std::size_t>(status.st_size));
    const ssize_t size = pread(file.get(), program.data(), program.size(), 0);
    if (size != static_cast<ssize_t>(program.size())) {
        return filter_error("pread", size < 0 ? errno : EIO);
    }
    return program;
}

} // namespace

Result<Filters> compile_filters() {
    // The call stops and init is asked, which kills its process and tells the call's number; the
    // kernel's own kill would tell nothing. Nobody ever lets it continue, and without init it is
    // answered with ENOSYS.
    const FilterContext connector = new_context(SCMP_ACT_ERRNO(ENOSYS), SCMP_ACT_NOTIFY);
    const FilterContext init = new_context(SCMP_ACT_ERRNO(EPERM), SCMP_ACT_KILL_PROCESS);
    if (!connector || !init) {
        return filter_error("seccomp_init", ENOMEM);
    }
    if (auto added = add_connector_rules(connector.get()); !added) {
        return std::move(added).error();
    }
    if (auto added = add_init_rules(init.get()); !added) {
        return std::move(added).error();
    }
    auto connector_program = export_program(connector.get());
    if (!connector_program) {
        return std::move(connector_program).error();
    }
    auto init_program = export_program(init.get());
    if (!init_program) {
        return std::move(init_program).error();
    }
    return Filters(std::move(*connector_program), std::move(*init_program));
}

} // namespace gatehouse::sandbox
