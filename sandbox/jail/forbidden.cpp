#include "sandbox/jail/forbidden.hpp"

#include "sandbox/jail/report.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace gatehouse::jail {

StatusPacket receive_status(int socket_fd) {
    StatusPacket packet;
    iovec part = {&packet.report, sizeof packet.report};
    alignas(cmsghdr) char space[CMSG_SPACE(sizeof(int))] = {};
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = space;
    message.msg_controllen = sizeof space;
    packet.size = recvmsg(socket_fd, &message, MSG_CMSG_CLOEXEC);
    const cmsghdr* header = packet.size > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
    // Only our own code writes here, before the connector's has begun.
    if (header != nullptr && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
        header->cmsg_len == CMSG_LEN(sizeof(int))) {
        std::memcpy(&packet.attached_fd, CMSG_DATA(header), sizeof(int));
    }
    return packet;
}

bool kill_for_call(int listener_fd, pid_t connector_pid, wire::Report& call) {
    // Room for a kernel that writes more; it wants all of it to be zero.
    union {
        seccomp_notif notice;
        char room[512];
    } asked = {};
    std::memset(asked.room, 0, sizeof asked.room);
    if (ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_RECV, &asked) != 0) {
        return false; // killed in the meantime
    }
    const seccomp_notif notice = asked.notice;
    const auto thread = static_cast<pid_t>(notice.pid);
    std::uint64_t id = notice.id;
    // 0: a process that init cannot name. The number of a thread that still waits is its own.
    if (thread == 0 || ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) != 0) {
        return false;
    }
    if (syscall(SYS_tgkill, connector_pid, thread, SIGKILL) != 0) {
        kill(thread, SIGKILL); // of a child; a thread's number stands for its process
        return false;
    }
    call = make_report(wire::ReportKind::forbidden_call, notice.data.nr);
    call.extra = static_cast<std::int32_t>(notice.data.arch);
    return true;
}

} // namespace gatehouse::jail
