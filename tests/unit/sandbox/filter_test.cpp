// The filters evaluated in user space, for every call of the tables: what the kernel will answer.
#include "sandbox/plan_wire.hpp"
#include "sandbox/seccomp/call_table.hpp"
#include "sandbox/seccomp/filter.hpp"

#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

using namespace gatehouse;
using namespace gatehouse::sandbox;

namespace {

#if defined(__x86_64__)
constexpr std::uint32_t native_arch = AUDIT_ARCH_X86_64;
#else
constexpr std::uint32_t native_arch = AUDIT_ARCH_AARCH64;
#endif
constexpr std::uint32_t allowed = SECCOMP_RET_ALLOW;
constexpr std::uint32_t loud = SECCOMP_RET_ERRNO | EPERM;
constexpr std::uint32_t unknown = SECCOMP_RET_ERRNO | ENOSYS;

bool jump_taken(const sock_filter& line, std::uint32_t accumulator) {
    switch (BPF_OP(line.code)) {
    case BPF_JEQ:
        return accumulator == line.k;
    case BPF_JGT:
        return accumulator > line.k;
    case BPF_JGE:
        return accumulator >= line.k;
    default:
        return (accumulator & line.k) != 0;
    }
}

// The part of classic BPF that libseccomp writes.
std::uint32_t evaluate(const FilterProgram& program, const seccomp_data& data) {
    std::vector<sock_filter> lines(program.size() / sizeof(sock_filter));
    std::memcpy(lines.data(), program.data(), program.size());
    std::uint32_t accumulator = 0;
    for (std::size_t at = 0; at < lines.size(); ++at) {
        const sock_filter& line = lines[at];
        switch (BPF_CLASS(line.code)) {
        case BPF_LD:
            REQUIRE(line.k + sizeof accumulator <= sizeof data);
            std::memcpy(&accumulator, reinterpret_cast<const char*>(&data) + line.k,
                        sizeof accumulator);
            break;
        case BPF_ALU:
            accumulator &= line.k;
            break;
        case BPF_RET:
            return line.k;
        case BPF_JMP:
            if (BPF_OP(line.code) == BPF_JA) {
                at += line.k;
            } else {
                at += jump_taken(line, accumulator) ? line.jt : line.jf;
            }
            break;
        default:
            FAIL("an instruction that the test does not know");
        }
    }
    FAIL("the program has no end");
    return 0;
}

const Filters& filters() {
    static const Filters compiled = [] {
        auto result = compile_filters();
        if (!result) {
            FAIL(to_text(result.error()));
        }
        return std::move(*result);
    }();
    return compiled;
}

std::uint32_t answer_of(const FilterProgram& program, long number,
                        std::initializer_list<std::uint64_t> arguments) {
    seccomp_data data = {};
    data.nr = static_cast<int>(number);
    data.arch = native_arch;
    std::size_t index = 0;
    for (const std::uint64_t argument : arguments) {
        data.args[index++] = argument;
    }
    return evaluate(program, data);
}

std::uint32_t answer(long number, std::initializer_list<std::uint64_t> arguments = {}) {
    return answer_of(filters().connector, number, arguments);
}

std::uint32_t answer_to_init(long number, std::initializer_list<std::uint64_t> arguments) {
    return answer_of(filters().init, number, arguments);
}

} // namespace

TEST_CASE("calls that connectors live on are allowed") {
    for (const long number :
         {SYS_read, SYS_write, SYS_openat, SYS_mmap, SYS_futex, SYS_execve, SYS_epoll_wait,
          SYS_exit_group, SYS_getrandom, SYS_connect, SYS_kill, SYS_prlimit64}) {
        CHECK(answer(number) == allowed);
    }
}

TEST_CASE("loud calls get EPERM") {
    for (const long number :
         {SYS_mount, SYS_umount2, SYS_unshare, SYS_setns, SYS_ptrace, SYS_bpf, SYS_keyctl,
          SYS_perf_event_open, SYS_userfaultfd, SYS_kexec_load, SYS_init_module,
          SYS_process_vm_readv, SYS_pidfd_getfd, SYS_open_by_handle_at, SYS_pivot_root, SYS_chroot,
          SYS_settimeofday, SYS_reboot, SYS_add_key}) {
        INFO(number);
        CHECK(answer(number) == loud);
    }
    CHECK(answer(425) == loud); // io_uring_setup
    CHECK(answer(428) == loud); // open_tree
}

TEST_CASE("what is not listed does not exist") {
    CHECK(answer(435) == unknown); // clone3: its flags are in memory
    CHECK(answer(9999) == unknown);
    CHECK(answer(SYS_execveat) == unknown);
}

TEST_CASE("clone makes threads and processes but no namespace") {
    CHECK(answer(SYS_clone, {SIGCHLD}) == allowed);
    CHECK(answer(SYS_clone, {CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD}) ==
          allowed);
    for (const std::uint64_t flag : {CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
                                     CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET}) {
        CHECK(answer(SYS_clone, {flag | SIGCHLD}) == loud);
    }
}

TEST_CASE("sockets are unix, inet streams and datagrams, and netlink route") {
    CHECK(answer(SYS_socket, {AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0}) == allowed);
    CHECK(answer(SYS_socket, {AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0}) == allowed);
    CHECK(answer(SYS_socket, {AF_INET6, SOCK_DGRAM, 0}) == allowed);
    CHECK(answer(SYS_socket, {AF_NETLINK, SOCK_RAW, 0}) == allowed);
    CHECK(answer(SYS_socket, {AF_INET, SOCK_STREAM, 6}) == allowed);
    CHECK(answer(SYS_socket, {AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 17}) == allowed);
    CHECK(answer(SYS_socket, {AF_INET, SOCK_STREAM, 262}) == unknown); // multipath TCP
    CHECK(answer(SYS_socket, {AF_INET6, SOCK_DGRAM, 136}) == unknown); // UDP-Lite
    CHECK(answer(SYS_socket, {AF_INET, SOCK_DGRAM, 1}) == unknown);    // ICMP
    CHECK(answer(SYS_socket, {AF_NETLINK, SOCK_RAW, 9}) == unknown);   // audit
    CHECK(answer(SYS_socket, {AF_INET, SOCK_RAW, 1}) == unknown);
    CHECK(answer(SYS_socket, {AF_PACKET, SOCK_RAW, 0}) == unknown);
    CHECK(answer(SYS_socket, {AF_VSOCK, SOCK_STREAM, 0}) == unknown);
    // The kernel reads 32 bits of the domain: the upper half must not make another of it.
    CHECK(answer(SYS_socket, {(1ULL << 32) | AF_PACKET, SOCK_RAW, 0}) == unknown);
}

TEST_CASE("ioctl, prctl, personality and memfd_create are judged by their argument") {
    CHECK(answer(SYS_ioctl, {0, TCGETS}) == allowed);
    CHECK(answer(SYS_ioctl, {0, TIOCSTI}) == loud);
    CHECK(answer(SYS_ioctl, {0, (1ULL << 32) | TIOCSTI}) == loud);
    CHECK(answer(SYS_ioctl, {0, TIOCLINUX}) == loud);
    CHECK(answer(SYS_ioctl, {0, 0x4c00}) == unknown); // LOOP_SET_FD
    CHECK(answer(SYS_prctl, {PR_SET_NAME}) == allowed);
    CHECK(answer(SYS_prctl, {PR_SET_SECCOMP}) == unknown);
    CHECK(answer(SYS_prctl, {PR_CAP_AMBIENT}) == unknown);
    CHECK(answer(SYS_prctl, {PR_SET_MM}) == unknown);
    CHECK(answer(SYS_personality, {0xffffffff}) == allowed);
    CHECK(answer(SYS_personality, {0x0040000}) == unknown);
    CHECK(answer(SYS_memfd_create, {0, 1}) == allowed);
    CHECK(answer(SYS_memfd_create, {0, 0x10}) == loud);
}

TEST_CASE("a call of a foreign ABI never runs: the connector's is told to init, init's own kills") {
    seccomp_data data = {};
    data.arch = AUDIT_ARCH_I386;
    data.nr = 4;
    CHECK(evaluate(filters().connector, data) == SECCOMP_RET_USER_NOTIF);
    CHECK(evaluate(filters().init, data) == SECCOMP_RET_KILL_PROCESS);
#if defined(__x86_64__)
    CHECK(answer(0x40000000L | SYS_write) == SECCOMP_RET_USER_NOTIF); // x32
#endif
}

TEST_CASE("init's filter knows a dozen calls") {
    seccomp_data data = {};
    data.arch = native_arch;
    int count = 0;
    for (int number = 0; number < 600; ++number) {
        data.nr = number;
        const std::uint32_t result = evaluate(filters().init, data);
        count += result == allowed ? 1 : 0;
        CHECK((result == allowed || result == loud));
    }
    CHECK(count == static_cast<int>(init_calls().size()));
}

TEST_CASE("init makes TCP sockets that never block, connects them, and sends to its daemon only") {
    constexpr std::uint64_t type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
    CHECK(answer_to_init(SYS_socket, {AF_INET, type, 0}) == allowed);
    CHECK(answer_to_init(SYS_socket, {AF_INET6, type, 0}) == allowed);
    CHECK(answer_to_init(SYS_socket, {AF_UNIX, type, 0}) == loud);
    CHECK(answer_to_init(SYS_socket, {AF_NETLINK, type, 0}) == loud);
    CHECK(answer_to_init(SYS_socket, {AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0}) == loud);
    CHECK(answer_to_init(SYS_socket, {AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0}) == loud);
    CHECK(answer_to_init(SYS_socket, {AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0}) ==
          loud);
    CHECK(answer_to_init(SYS_socket, {AF_INET, type, 132}) == loud); // SCTP
    CHECK(answer_to_init(SYS_connect, {5, 0x1000, 16}) == allowed);
    CHECK(answer_to_init(SYS_connect, {5, 0x1000, 28}) == allowed);
    CHECK(answer_to_init(SYS_connect, {5, 0x1000, 110}) == loud); // a unix address
    constexpr std::uint64_t flags = MSG_NOSIGNAL | MSG_DONTWAIT;
    CHECK(answer_to_init(SYS_sendmsg, {wire::control_fd, 0x1000, flags}) == allowed);
    CHECK(answer_to_init(SYS_sendmsg, {wire::control_fd, 0x1000, MSG_NOSIGNAL}) == loud);
    CHECK(answer_to_init(SYS_sendmsg, {5, 0x1000, flags}) == loud);
    CHECK(answer_to_init(SYS_ioctl, {5, SECCOMP_IOCTL_NOTIF_RECV, 0x1000}) == allowed);
    CHECK(answer_to_init(SYS_ioctl, {5, SECCOMP_IOCTL_NOTIF_SEND, 0x1000}) == loud);
    CHECK(answer_to_init(SYS_tgkill, {2, 3, SIGKILL}) == allowed);
    CHECK(answer_to_init(SYS_tgkill, {2, 3, SIGTERM}) == loud);
    for (const long number : {SYS_bind, SYS_listen, SYS_accept4, SYS_sendto, SYS_recvmsg,
                              SYS_setsockopt, SYS_openat, SYS_execve, SYS_clone, SYS_mmap}) {
        CHECK(answer_to_init(number, {}) == loud);
    }
}

TEST_CASE("what a server on its own loopback needs is allowed") {
    for (const long number :
         {SYS_bind, SYS_listen, SYS_accept4, SYS_getsockname, SYS_getpeername, SYS_setsockopt,
          SYS_getsockopt, SYS_shutdown, SYS_recvfrom, SYS_sendto, SYS_sendmsg, SYS_recvmsg,
          SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_pwait, SYS_eventfd2, SYS_ppoll, SYS_writev}) {
        CHECK(answer(number) == allowed);
    }
}

TEST_CASE("no call is both allowed and loud, and the allow-list keeps its size") {
    int count = 0;
    for (int number = 0; number < 600; ++number) {
        count += answer(number) == allowed ? 1 : 0;
    }
    INFO("unconditionally allowed: " << count);
    CHECK(count > 200);
    CHECK(count < 290);
    for (const char* call : loud_calls()) {
        for (const char* other : allowed_calls()) {
            CHECK(std::string(call) != other);
        }
    }
}
