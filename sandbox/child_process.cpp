#include "sandbox/child_process.hpp"

#include "sandbox/child_process_impl.hpp"
#include "sandbox/seccomp/call_name.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

namespace gatehouse::sandbox {
namespace {

// Only the jail writes here, but its texts still get an end and lose what is not printable.
std::string report_text(const char* text, std::size_t size_bytes) {
    std::string result(text, strnlen(text, size_bytes));
    std::replace_if(
        result.begin(), result.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
    return result;
}

std::uint64_t milliseconds_of(const timeval& time) {
    return static_cast<std::uint64_t>(time.tv_sec) * 1000 +
           static_cast<std::uint64_t>(time.tv_usec) / 1000;
}

bool tells_of_sigkill(const Outcome& outcome) {
    constexpr int exit_status_of_shell = 128 + SIGKILL;
    return outcome.kind == EndKind::signaled
               ? outcome.signal == SIGKILL
               : outcome.kind == EndKind::exited && outcome.code == exit_status_of_shell;
}

// Adds what the group counted.
void add_use(Outcome& outcome, const ResourceUse& use) {
    if (use.memory_max_bytes > 0) {
        outcome.memory_max_bytes = use.memory_max_bytes;
        outcome.memory_peak_bytes = use.memory_peak_bytes;
    }
    if (use.cpu_ms > 0) {
        outcome.cpu_ms = use.cpu_ms;
    }
    outcome.pids_limit_hit = use.pids_limit_hit;
    outcome.oom_kills = use.oom_kills;
}

// Keeps the jail alive as a value until it is reaped; started when its owner goes first.
void reap_later(std::shared_ptr<JailProcess> jail) {
    if (jail->reap()) {
        return;
    }
    JailProcess& waited = *jail;
    waited.pidfd.async_wait(asio::posix::stream_descriptor::wait_read,
                            [jail = std::move(jail)](boost::system::error_code) { jail->reap(); });
}

} // namespace

JailProcess::JailProcess(SpawnedJail spawned)
    : process(std::move(spawned.process)), pidfd(process.get_executor(), spawned.pidfd.release()),
      pid(process.id()) {}

JailProcess::~JailProcess() {
    if (!reaped) {
        process.detach(); // its destructor would kill and wait by pid, blocking the loop
    }
}

bool JailProcess::reap() {
    if (reaped) {
        return true;
    }
    siginfo_t end = {};
    rusage usage = {}; // of the jail and all that it waited for; the C library's waitid has none
    const long answer =
        syscall(SYS_waitid, P_PIDFD, pidfd.native_handle(), &end, WEXITED | WNOHANG, &usage);
    if (answer == 0 && end.si_pid == 0) {
        return false;
    }
    // ECHILD cannot happen unless somebody else waits for all children; then it is gone as well.
    reaped = true;
    process.detach();
    largest_process_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
    cpu_ms = milliseconds_of(usage.ru_utime) + milliseconds_of(usage.ru_stime);
    return true;
}

ChildProcess::Impl::Impl(Executor the_executor, std::shared_ptr<JailProcess> jail_process,
                         UniqueFd control_socket)
    : executor(std::move(the_executor)), jail(std::move(jail_process)),
      control(executor, control_socket.release()) {}

ChildProcess::Impl::~Impl() {
    if (memory_watch) {
        memory_watch->stop();
    }
    if (!jail->reaped) {
        kill_tree();
        reap_later(std::move(jail));
    }
}

Task<std::optional<wire::Report>> ChildProcess::Impl::next_report() {
    for (;;) {
        ControlPacket packet = receive_control_packet(control.native_handle());
        switch (packet.state) {
        case ControlPacket::State::closed:
            lost = lost || !killed;
            dials.close();
            co_return std::nullopt;
        case ControlPacket::State::nothing_yet:
            co_await control.async_wait(asio::posix::stream_descriptor::wait_read,
                                        asio::use_awaitable);
            break;
        case ControlPacket::State::odd:
            break;
        case ControlPacket::State::whole:
            if (!consumed(packet)) {
                co_return packet.report;
            }
            break;
        }
    }
}

bool ChildProcess::Impl::consumed(ControlPacket& packet) {
    const auto kind = static_cast<wire::ReportKind>(packet.report.kind);
    if (kind == wire::ReportKind::init_started && packet.attached && !init_pidfd) {
        init_pidfd.emplace(executor, packet.attached.release());
    }
    if (kind != wire::ReportKind::dialed) {
        return false;
    }
    DialAnswer answer;
    answer.error_number = packet.report.number;
    answer.socket = std::move(packet.attached);
    dials.answer(packet.report.request, std::move(answer));
    return true;
}

Task<void> ChildProcess::Impl::gone() {
    while (!jail->reap()) {
        co_await jail->pidfd.async_wait(asio::posix::stream_descriptor::wait_read,
                                        asio::use_awaitable);
    }
    // A jail that was killed leaves init a moment longer. The pidfd of a pid 1 becomes readable
    // only after the kernel has emptied its namespace.
    if (init_pidfd) {
        co_await init_pidfd->async_wait(asio::posix::stream_descriptor::wait_read,
                                        asio::use_awaitable);
    }
}

void ChildProcess::Impl::absorb(const wire::Report& report) {
    Outcome outcome;
    outcome.step = report_text(report.step, sizeof report.step);
    switch (static_cast<wire::ReportKind>(report.kind)) {
    case wire::ReportKind::init_started:
    case wire::ReportKind::dialed:        // is consumed before
    case wire::ReportKind::filter_loaded: // is for init
        return;
    case wire::ReportKind::forbidden_call:
        forbidden_call = call_text(static_cast<std::uint32_t>(report.extra), report.number);
        return;
    case wire::ReportKind::running:
        running = true;
        return;
    case wire::ReportKind::step_failed:
        outcome.kind = EndKind::setup_failed;
        outcome.error_number = report.number;
        break;
    case wire::ReportKind::exec_failed:
        outcome.kind = EndKind::exec_failed;
        outcome.error_number = report.number;
        break;
    case wire::ReportKind::exited:
        outcome.kind = EndKind::exited;
        outcome.code = report.number;
        break;
    case wire::ReportKind::signaled:
        outcome.kind = EndKind::signaled;
        outcome.signal = report.number;
        outcome.core = report.extra != 0;
        outcome.forbidden_call = report.number == SIGSYS ? forbidden_call : "";
        break;
    default:
        return;
    }
    if (!reported) {
        reported = std::move(outcome);
        detail = report_text(report.detail, sizeof report.detail);
    }
}

void ChildProcess::Impl::kill_tree() {
    if (jail->reaped && ended) {
        return;
    }
    killed = true;
    shutdown(control.native_handle(), SHUT_RDWR);
    if (init_pidfd) {
        syscall(SYS_pidfd_send_signal, init_pidfd->native_handle(), SIGKILL, nullptr, 0);
    } else if (!jail->reaped) {
        // Init is not announced yet: it hangs on the jail's life.
        syscall(SYS_pidfd_send_signal, jail->pidfd.native_handle(), SIGKILL, nullptr, 0);
    }
}

Outcome ChildProcess::Impl::conclusion() const {
    if (reported) {
        return *reported;
    }
    Outcome outcome;
    if (killed && !lost) {
        outcome.kind = EndKind::signaled;
        outcome.signal = SIGKILL;
    }
    return outcome;
}

Outcome ChildProcess::Impl::settle() {
    Outcome outcome = conclusion();
    outcome.largest_process_bytes = jail->largest_process_bytes;
    outcome.cpu_ms = jail->cpu_ms;
    if (!jail->group) {
        return outcome;
    }
    const ResourceUse use = jail->group->use();
    add_use(outcome, use);
    // Init may be the one that is chosen; then nobody reports.
    const bool by_sigkill = reported ? tells_of_sigkill(outcome) : lost;
    const bool just_now =
        !memory_watch || memory_watch->had_event_within(std::chrono::milliseconds(2000));
    if (by_sigkill && use.oom_kills > 0 && (just_now || !use.memory_limit_met)) {
        if (!reported) {
            outcome.kind = EndKind::signaled;
            outcome.signal = SIGKILL;
        }
        outcome.oom_killed = use.memory_limit_met;
        outcome.host_oom_killed = !use.memory_limit_met;
    }
    if (memory_watch) {
        memory_watch->stop(); // the removal would count as an event
        memory_watch.reset();
    }
    jail->group.reset();
    return outcome;
}

ChildProcess::ChildProcess(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ChildProcess::~ChildProcess() = default;

UniqueFd ChildProcess::take_stdin() {
    return std::move(impl_->stdin_fd);
}

UniqueFd ChildProcess::take_stdout() {
    return std::move(impl_->stdout_fd);
}

UniqueFd ChildProcess::take_stderr() {
    return std::move(impl_->stderr_fd);
}

pid_t ChildProcess::jail_pid() const {
    return impl_->jail->pid;
}

void ChildProcess::signal(int signal_number) {
    if (impl_->ended || signal_number <= 0) {
        return;
    }
    wire::Command command = {};
    command.kind = static_cast<std::uint32_t>(wire::CommandKind::signal);
    command.signal_number = static_cast<std::uint32_t>(signal_number);
    send(impl_->control.native_handle(), &command, sizeof command, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void ChildProcess::kill_tree() {
    impl_->kill_tree();
}

std::optional<ResourceUse> ChildProcess::resources() const {
    const Cgroup* group = impl_->jail->group.get();
    return group != nullptr ? std::optional(group->use()) : std::nullopt;
}

Task<Outcome> ChildProcess::wait() {
    for (;;) {
        const auto report = co_await impl_->next_report();
        if (!report) {
            break;
        }
        impl_->absorb(*report);
    }
    co_await impl_->gone();
    impl_->ended = impl_->settle();
    co_return *impl_->ended;
}

const std::optional<Outcome>& ChildProcess::ended() const {
    return impl_->ended;
}

} // namespace gatehouse::sandbox
