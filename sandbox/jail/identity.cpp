#include "sandbox/jail/identity.hpp"

#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace gatehouse::jail {
namespace {

constexpr unsigned long locked_securebits =
    SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED |
    SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;

int empty_bounding_set() {
    for (unsigned long capability = 0; capability < 64; ++capability) {
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) {
            return errno == EINVAL && capability > 0 ? 0
                                                     : errno; // past the last one of this kernel
        }
    }
    return 0;
}

int set_capabilities(std::uint64_t kept) {
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2] = {};
    for (unsigned i = 0; i < 2; ++i) {
        data[i].effective = static_cast<std::uint32_t>(kept >> (32 * i));
        data[i].permitted = data[i].effective;
    }
    return result_of(syscall(SYS_capset, &header, data));
}

int switch_ids(unsigned uid, unsigned gid) {
    if (setgroups(0, nullptr) != 0 || setresgid(gid, gid, gid) != 0) {
        return errno;
    }
    return result_of(setresuid(uid, uid, uid));
}

// An ordinary user's supplementary groups cannot be dropped (setgroups is denied with the gid map):
// they stay, but reach no file that is not mounted.
int drop_privileges(Jail& jail, unsigned uid, unsigned gid, std::uint64_t kept) {
    if (const int error_number = empty_bounding_set(); error_number != 0) {
        return error_number;
    }
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECUREBITS, locked_securebits, 0, 0, 0) != 0) {
        return errno;
    }
    if (jail.plan.root_mode()) {
        if (const int error_number = switch_ids(uid, gid); error_number != 0) {
            return error_number;
        }
    }
    return set_capabilities(jail.plan.root_mode() ? kept : 0);
}

} // namespace

int drop_to_init_identity(Jail& jail) {
    const unsigned uid = jail.plan.identity.init_uid;
    return drop_privileges(jail, uid, uid, std::uint64_t{1} << CAP_KILL);
}

int drop_to_watcher_identity(Jail& jail) {
    // An ordinary user's stage 1 lives in the user namespace of the host, where it has nothing to
    // drop.
    return jail.plan.root_mode() ? drop_to_init_identity(jail) : set_capabilities(0);
}

int drop_to_connector_identity(Jail& jail) {
    const wire::Identity& identity = jail.plan.identity;
    return drop_privileges(jail, identity.connector_uid, identity.connector_gid, 0);
}

int forbid_new_privileges(Jail&) {
    return result_of(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

} // namespace gatehouse::jail
