// Calls that reach deep into the kernel: modules, kexec, bpf, perf, clocks, keys, foreign ABIs.
// The harmless form of each is used: nothing to unload, the time that it is already.
#include "tests/victims/corpus/corpus.hpp"

#include <csignal>
#include <cstdint>
#include <ctime>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <mqueue.h>
#include <sys/io.h>
#include <sys/ipc.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/quota.h>
#include <sys/reboot.h>
#include <sys/shm.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <unistd.h>

namespace corpus {
namespace {

Answer load_module(const Targets&) {
    const char image[64] = "no module";
    return by_result_or(syscall(SYS_init_module, image, sizeof image, ""), ENOEXEC);
}
Answer load_module_file(const Targets&) {
    const int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    return by_result_or(syscall(SYS_finit_module, fd, "", 0), ENOEXEC);
}
Answer remove_module(const Targets&) {
    return by_result_or(syscall(SYS_delete_module, "no_such_module", O_NONBLOCK), ENOENT);
}
Answer replace_kernel(const Targets&) {
    return by_result_or(syscall(SYS_kexec_load, 0, 1000, nullptr, 0), EINVAL); // too many segments
}
Answer replace_kernel_by_file(const Targets&) {
    return by_result_or(syscall(SYS_kexec_file_load, -1, -1, 0, nullptr, 0), EBADF);
}

Answer bpf_map(const Targets&) {
    bpf_attr attributes = {};
    attributes.map_type = BPF_MAP_TYPE_ARRAY;
    attributes.key_size = 4;
    attributes.value_size = 4;
    attributes.max_entries = 1;
    return by_result(syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes));
}
Answer bpf_program(const Targets&) {
    const bpf_insn code[] = {{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0},
                             {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
    bpf_attr attributes = {};
    attributes.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
    attributes.insn_cnt = 2;
    attributes.insns = reinterpret_cast<std::uintptr_t>(code);
    attributes.license = reinterpret_cast<std::uintptr_t>("GPL");
    return by_result(syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes));
}

Answer open_perf(int pid, int cpu) {
    perf_event_attr attributes = {};
    attributes.type = PERF_TYPE_SOFTWARE;
    attributes.size = sizeof attributes;
    attributes.config = PERF_COUNT_SW_CPU_CLOCK;
    return by_result(syscall(SYS_perf_event_open, &attributes, pid, cpu, -1, 0));
}
Answer perf_of_itself(const Targets&) {
    return open_perf(0, -1);
}
Answer perf_of_machine(const Targets&) {
    return open_perf(-1, 0);
}

Answer make_ring(const Targets&) {
    io_uring_params parameters = {};
    return by_result(syscall(SYS_io_uring_setup, 4, &parameters));
}
Answer register_ring(const Targets&) {
    return by_result_or(syscall(SYS_io_uring_register, 0, 0, nullptr, 0), EOPNOTSUPP);
}
Answer fault_handler(const Targets&) {
    return by_result(syscall(SYS_userfaultfd, O_CLOEXEC | 1)); // faults of user mode only
}
Answer secret_memory(const Targets&) {
    return by_result(syscall(SYS_memfd_secret, 0));
}

Answer add_a_key(const Targets&) {
    return by_result(syscall(SYS_add_key, "user", "planted", "x", 1, KEY_SPEC_PROCESS_KEYRING));
}
Answer request_a_key(const Targets&) {
    return by_result_or(syscall(SYS_request_key, "user", "planted", nullptr, 0), ENOKEY);
}
Answer join_keyring(const Targets&) {
    return by_result(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr, 0, 0, 0));
}
Answer user_keyring(const Targets&) {
    return by_result(syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 1, 0, 0));
}

Answer set_clock(const Targets&) {
    timespec now = {};
    clock_gettime(CLOCK_REALTIME, &now);
    return by_result(clock_settime(CLOCK_REALTIME, &now));
}
Answer set_day(const Targets&) {
    timeval now = {};
    gettimeofday(&now, nullptr);
    return by_result(settimeofday(&now, nullptr));
}
Answer adjust_clock(const Targets&) {
    timex found = {};
    adjtimex(&found);
    found.modes = ADJ_TICK;
    return by_result(adjtimex(&found));
}
Answer adjust_one_clock(const Targets&) {
    timex found = {};
    clock_adjtime(CLOCK_REALTIME, &found);
    found.modes = ADJ_TICK;
    return by_result(clock_adjtime(CLOCK_REALTIME, &found));
}
Answer wake_machine(const Targets&) {
    timer_t timer = nullptr;
    sigevent event = {};
    event.sigev_notify = SIGEV_NONE;
    const Answer answer = by_result(timer_create(CLOCK_BOOTTIME_ALARM, &event, &timer));
    return answer;
}

Answer swap_on(const Targets& targets) {
    return by_result_or(swapon(targets.text("canary").c_str(), 0), EINVAL);
}
Answer swap_off(const Targets& targets) {
    return by_result_or(swapoff(targets.text("canary").c_str()), EINVAL);
}
Answer control_reboot(const Targets&) {
    return by_result(reboot(RB_DISABLE_CAD));
}
Answer account_processes(const Targets&) {
    return by_result_or(acct("/no/such/folder/file"), ENOENT);
}
Answer sync_quota(const Targets&) {
    return by_result(quotactl(QCMD(Q_SYNC, USRQUOTA), nullptr, 0, nullptr));
}
Answer raise_io_level(const Targets&) {
    return by_result(iopl(3));
}
Answer open_ports(const Targets&) {
    return by_result(ioperm(0x80, 1, 1));
}
Answer change_descriptor_table(const Targets&) {
    char table[16];
    return by_result(syscall(SYS_modify_ldt, 0, table, sizeof table));
}
Answer rename_host(const Targets&) {
    char name[256] = {};
    gethostname(name, sizeof name - 1);
    return by_result(sethostname(name, std::strlen(name)));
}
Answer rename_domain(const Targets&) {
    char name[256] = {};
    return getdomainname(name, sizeof name) == 0 ? by_result(setdomainname(name, std::strlen(name)))
                                                 : untried(errno_name(errno));
}
Answer read_kernel_log(const Targets&) {
    char text[256];
    return by_result(klogctl(3, text, sizeof text));
}
Answer other_personality(const Targets&) {
    return by_result(personality(ADDR_NO_RANDOMIZE));
}
Answer own_filter(const Targets&) {
    const std::uint32_t action = SECCOMP_RET_USER_NOTIF;
    return by_result(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action));
}
Answer shared_segment(const Targets&) {
    const int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
    const Answer answer = by_result(id);
    shmctl(id, IPC_RMID, nullptr);
    return answer;
}
Answer message_queue(const Targets&) {
    const mqd_t queue = mq_open("/gatehouse-planted", O_CREAT | O_RDWR, 0600, nullptr);
    const Answer answer = by_result(queue);
    mq_unlink("/gatehouse-planted");
    return answer;
}
Answer old_file_systems(const Targets&) {
    return by_result(syscall(SYS_sysfs, 3));
}
Answer migrate_all_pages(const Targets&) {
    const unsigned long nodes = 1;
    return by_result(syscall(SYS_migrate_pages, 0, 8, &nodes, &nodes));
}

Answer by_int80(int number) {
    int result = number;
    // Memory, because the kernel may read what the call points to.
    __asm__ volatile("int $0x80" : "+a"(result) : "b"(0), "c"(0), "d"(0) : "memory");
    return result != -ENOSYS ? harm("the call was taken") : refused("ENOSYS");
}
Answer i386_getpid(const Targets&) {
    return by_int80(20);
}
Answer i386_unshare(const Targets&) {
    return by_int80(310);
}
Answer i386_socketcall(const Targets&) {
    return by_int80(102);
}
Answer x32_getpid(const Targets&) {
    return by_result(syscall(0x40000000 | SYS_getpid));
}

constexpr Attempt attempts[] = {
    {"init-module", "a kernel module from memory", load_module},
    {"finit-module", "a kernel module from a file", load_module_file},
    {"delete-module", "a module removed", remove_module},
    {"kexec-load", "another kernel", replace_kernel},
    {"kexec-file-load", "another kernel from a file", replace_kernel_by_file},
    {"bpf-map", "a bpf map", bpf_map},
    {"bpf-program", "a bpf program", bpf_program},
    {"perf-itself", "performance events of itself", perf_of_itself},
    {"perf-machine", "performance events of a processor", perf_of_machine},
    {"io-uring-setup", "an io_uring", make_ring},
    {"io-uring-register", "io_uring_register", register_ring},
    {"userfaultfd", "a handler of page faults", fault_handler},
    {"memfd-secret", "memory hidden from the kernel", secret_memory},
    {"add-key", "a key", add_a_key},
    {"request-key", "a key by its name", request_a_key},
    {"keyctl-join", "another session keyring", join_keyring},
    {"keyctl-user", "the user's keyring", user_keyring},
    {"clock-settime", "the machine's clock", set_clock},
    {"settimeofday", "the machine's clock", set_day},
    {"adjtimex", "the clock's rate", adjust_clock},
    {"clock-adjtime", "the clock's rate", adjust_one_clock},
    {"alarm-timer", "a timer that wakes the machine", wake_machine},
    {"swapon", "a swap file", swap_on},
    {"swapoff", "swap taken away", swap_off},
    {"reboot", "what Ctrl-Alt-Del does", control_reboot},
    {"acct", "process accounting", account_processes},
    {"quotactl", "quotas", sync_quota},
    {"iopl", "all input and output ports", raise_io_level},
    {"ioperm", "one port", open_ports},
    {"modify-ldt", "the descriptor table", change_descriptor_table},
    {"sethostname", "the host's name", rename_host},
    {"setdomainname", "the domain's name", rename_domain},
    {"syslog", "the kernel's log", read_kernel_log},
    {"personality", "no address randomisation", other_personality},
    {"seccomp", "a filter of its own", own_filter},
    {"sysv-shm", "shared memory that no limit counts", shared_segment},
    {"mqueue", "a message queue", message_queue},
    {"sysfs-call", "an obsolete call", old_file_systems},
    {"migrate-pages", "pages moved between nodes", migrate_all_pages},
    {"i386-getpid", "a call through int 0x80", i386_getpid},
    {"i386-unshare", "unshare through int 0x80", i386_unshare},
    {"i386-socketcall", "socketcall through int 0x80", i386_socketcall},
    {"x32-getpid", "a call of the x32 ABI", x32_getpid},
};

} // namespace

std::span<const Attempt> kernel_attempts() {
    return attempts;
}

} // namespace corpus
