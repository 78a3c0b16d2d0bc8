// ChildProcess::dial: init makes the socket in the connector's network namespace and starts the
// connection; here it is finished, checked and handed out.
#include "sandbox/child_process_impl.hpp"
#include "sandbox/dial_error.hpp"
#include "sandbox/dial_socket.hpp"

#include <boost/asio/redirect_error.hpp>
#include <cerrno>
#include <sys/socket.h>

namespace gatehouse::sandbox {
namespace {

using DialClock = std::chrono::steady_clock;

int send_dial(ChildProcess::Impl& child, const PendingDial& dial, const DialTarget& target) {
    wire::Command command = {};
    command.kind = static_cast<std::uint32_t>(wire::CommandKind::dial);
    command.request = dial.number;
    command.family = static_cast<std::uint16_t>(target.family);
    command.port = target.port;
    const ssize_t size =
        send(child.control.native_handle(), &command, sizeof command, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size == sizeof command) {
        return 0;
    }
    return errno == EAGAIN ? dial_full_errno : dial_ended_errno;
}

// Init's answer: a connecting socket, or an errno.
Task<DialAnswer> ask_init(ChildProcess::Impl& child, DialTarget target,
                          DialClock::time_point deadline) {
    DialAnswer failed;
    failed.error_number = dial_ended_errno;
    if (child.dials.closed()) {
        co_return failed;
    }
    const auto dial = std::make_shared<PendingDial>(child.executor, deadline);
    if (!child.dials.add(dial)) {
        failed.error_number = dial_full_errno;
        co_return failed;
    }
    failed.error_number = send_dial(child, *dial, target);
    if (failed.error_number != 0) {
        child.dials.remove(dial->number);
        co_return failed;
    }
    boost::system::error_code ignored; // the answer cancels the wait
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    co_await dial->timer.async_wait(token);
    if (!dial->answer) {
        failed.error_number = ETIMEDOUT;
        co_return failed;
    }
    co_return std::move(*dial->answer);
}

Task<DialAnswer> dial_one(ChildProcess::Impl& child, DialTarget target,
                          DialClock::time_point deadline) {
    auto asked = ask_init(child, target, deadline);
    DialAnswer answer = co_await std::move(asked);
    if (answer.error_number != 0) {
        co_return answer;
    }
    if (!answer.socket) {
        answer.error_number = EMFILE; // the kernel drops what the receiver may not open
        co_return answer;
    }
    if (!is_stream_socket(answer.socket.get(), target.family)) {
        DialAnswer odd;
        odd.error_number = EPROTO;
        co_return odd;
    }
    auto finishing = finish_connect(child.executor, std::move(answer.socket), deadline);
    auto finished = co_await std::move(finishing);
    co_return finished;
}

} // namespace

Task<Result<UniqueFd>> ChildProcess::dial(std::uint16_t port, std::chrono::milliseconds deadline) {
    const DialClock::time_point end = DialClock::now() + deadline;
    DialTarget target;
    target.port = port;
    target.family = AF_INET;
    auto first = dial_one(*impl_, target, end);
    DialAnswer answer = co_await std::move(first);
    if (answer.error_number == ECONNREFUSED) {
        // Some servers bind the name localhost, and find ::1 first.
        target.family = AF_INET6;
        auto second = dial_one(*impl_, target, end);
        DialAnswer other = co_await std::move(second);
        const bool no_ipv6 =
            other.error_number == EAFNOSUPPORT || other.error_number == EADDRNOTAVAIL;
        if (!no_ipv6) {
            answer = std::move(other);
        }
    }
    if (answer.error_number != 0) {
        co_return dial_error(impl_->connector, port, answer.error_number, deadline);
    }
    co_return std::move(answer.socket);
}

} // namespace gatehouse::sandbox
