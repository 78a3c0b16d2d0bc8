#include "sandbox/control_packet.hpp"

#include <cerrno>
#include <cstring>
#include <sys/socket.h>

namespace gatehouse::sandbox {
namespace {

// Takes the descriptors of the message. The space for one holds two, because of its alignment, so
// that a second one is possible; then both are closed.
UniqueFd take_descriptor(msghdr& message) {
    UniqueFd attached;
    int count = 0;
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
         header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        const std::size_t fd_count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < fd_count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
            attached = UniqueFd(fd);
            ++count;
        }
    }
    if (count > 1) {
        attached.reset();
    }
    return attached;
}

ControlPacket::State state_of_failure(int error_number) {
    switch (error_number) {
    case EAGAIN:
        return ControlPacket::State::nothing_yet;
    case EINTR:
    case ECONNRESET: // init left a command unread; packets may still be queued behind this
        return ControlPacket::State::odd;
    default:
        return ControlPacket::State::closed;
    }
}

} // namespace

ControlPacket receive_control_packet(int socket_fd) {
    ControlPacket packet;
    iovec part = {&packet.report, sizeof packet.report};
    alignas(cmsghdr) char space[CMSG_SPACE(sizeof(int))] = {};
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = space;
    message.msg_controllen = sizeof space;
    const ssize_t size = recvmsg(socket_fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (size < 0) {
        packet.state = state_of_failure(errno);
        return packet;
    }
    UniqueFd attached = take_descriptor(message);
    if (size == sizeof packet.report && (message.msg_flags & MSG_TRUNC) == 0) {
        packet.state = ControlPacket::State::whole;
        packet.attached = std::move(attached);
        return packet;
    }
    packet.state = size == 0 ? ControlPacket::State::closed : ControlPacket::State::odd;
    return packet;
}

} // namespace gatehouse::sandbox
