#include "tests/unit/simulation/simulated_process.hpp"

#include "runtime/supervisor/wait_time.hpp"

#include <algorithm>
#include <csignal>

namespace gatehouse::simulation {

namespace {

using runtime::loop_now;
using sandbox::EndKind;
using sandbox::Outcome;

Outcome exited_with(int code) {
    Outcome outcome;
    outcome.kind = EndKind::exited;
    outcome.code = code;
    return outcome;
}

Outcome ended_by(int signal) {
    Outcome outcome;
    outcome.kind = EndKind::signaled;
    outcome.signal = signal;
    return outcome;
}

Outcome draw_end(Random& random) {
    constexpr std::array<int, 6> codes = {0, 1, 3, 78, 126, 127};
    constexpr std::array<int, 5> signals = {SIGSEGV, SIGABRT, SIGKILL, SIGSYS, SIGSYS};
    if (random.percent(50)) {
        return exited_with(random.one_of(codes));
    }
    if (random.percent(10)) {
        return Outcome{}; // the helper is lost
    }
    Outcome outcome = ended_by(random.one_of(signals));
    outcome.oom_killed = outcome.signal == SIGKILL && random.percent(50);
    outcome.pids_limit_hit = random.percent(10);
    return outcome;
}

SteadyTime after(milliseconds delay) {
    return delay == never ? SteadyTime::max() : loop_now() + delay;
}

RunFate draw_any_fate(Random& random) {
    RunFate fate;
    const int shake = random.between(0, 19);
    fate.handshake = shake == 0   ? HandshakeFate::wrong
                     : shake == 1 ? HandshakeFate::unanswered
                                  : HandshakeFate::answered;
    fate.handshake_time =
        random.percent(80) ? random.time_between(10, 2'000) : random.time_between(2'000, 40'000);
    if (random.percent(60)) {
        fate.life =
            random.percent(50) ? random.time_between(0, 3'000) : random.time_between(0, 900'000);
    }
    fate.end = draw_end(random);
    fate.hangs_after = random.percent(10) ? random.time_between(0, 300'000) : never;
    fate.leaves_on_eof = random.percent(80) ? random.time_between(0, 800) : never;
    fate.leaves_on_term = random.percent(70) ? random.time_between(0, 12'000) : never;
    fate.dies_on_kill =
        random.percent(95) ? random.time_between(0, 50) : random.time_between(4'000, 120'000);
    fate.dies_on_kill = random.percent(98) ? fate.dies_on_kill : never;
    fate.leftover = random.percent(70) ? milliseconds(0) : random.time_between(1, 4'000);
    fate.answer_time =
        random.percent(90) ? random.time_between(1, 500) : random.time_between(500, 20'000);
    return fate;
}

} // namespace

Habit draw_habit(Random& random) {
    constexpr std::array<Habit, 4> habits = {Habit::crashes, Habit::violates, Habit::cannot_start,
                                             Habit::hangs};
    return random.percent(60) ? Habit::none : random.one_of(habits);
}

RunFate draw_fate(Random& random, Habit habit) {
    RunFate fate = draw_any_fate(random);
    const bool usual = random.percent(80);
    if (!usual || habit == Habit::none) {
        return fate;
    }
    fate.handshake = HandshakeFate::answered;
    fate.handshake_time = random.time_between(10, 300);
    fate.life = random.time_between(300, 20'000);
    switch (habit) {
    case Habit::crashes:
        fate.end = exited_with(1);
        break;
    case Habit::violates:
        fate.end = ended_by(SIGSYS);
        break;
    case Habit::cannot_start:
        fate.life = random.time_between(0, 8);
        fate.end = exited_with(random.percent(50) ? 78 : 1);
        break;
    default:
        fate.life = never;
        fate.hangs_after = random.time_between(400, 10'000);
        break;
    }
    return fate;
}

SimulatedProcess::SimulatedProcess(Executor executor, RunFate drawn)
    : fate_(std::move(drawn)), changed_(std::move(executor)), started_(loop_now()),
      hang_at_(after(fate_.hangs_after)) {
    if (fate_.life != never) {
        end_main(after(fate_.life), fate_.end);
    }
}

// The first cause wins: what ends it earlier replaces what would have ended it later.
void SimulatedProcess::end_main(SteadyTime when, Outcome outcome) {
    if (when < main_end_) {
        main_end_ = when;
        tree_end_ = std::min(tree_end_, when + fate_.leftover);
        outcome_ = std::move(outcome);
        changed_.notify();
    }
}

bool SimulatedProcess::main_alive() const {
    return loop_now() < main_end_;
}

bool SimulatedProcess::tree_empty() const {
    return loop_now() >= tree_end_;
}

bool SimulatedProcess::ended_before_now() const {
    return tree_end_ < loop_now();
}

bool SimulatedProcess::answers() const {
    return main_alive() && loop_now() < hang_at_;
}

SteadyTime SimulatedProcess::next_change() const {
    SteadyTime next = SteadyTime::max();
    for (const SteadyTime at : {main_end_, tree_end_, hang_at_}) {
        next = at > loop_now() ? std::min(next, at) : next;
    }
    return next;
}

void SimulatedProcess::on_eof() {
    if (fate_.leaves_on_eof != never) {
        end_main(after(fate_.leaves_on_eof), exited_with(0));
    }
}

void SimulatedProcess::on_term() {
    if (fate_.leaves_on_term != never) {
        end_main(after(fate_.leaves_on_term), ended_by(SIGTERM));
    }
}

void SimulatedProcess::on_kill() {
    if (fate_.dies_on_kill == never) {
        return;
    }
    end_main(after(fate_.dies_on_kill), ended_by(SIGKILL));
    tree_end_ = std::min(tree_end_, std::max(main_end_, after(fate_.dies_on_kill)));
    changed_.notify();
}

bool SimulatedSession::over() const {
    const bool early = (end_ == SessionEnd::with_main_process && !process_->main_alive()) ||
                       (end_ == SessionEnd::with_kill && killed_);
    return stopped_ || early || process_->tree_empty();
}

void SimulatedSession::note_kill() {
    killed_ = true;
    process_->on_kill();
    process_->changed().notify();
}

Task<Error> SimulatedSession::run() {
    while (!over()) {
        const SteadyTime next = process_->next_change();
        const milliseconds wait = next == SteadyTime::max() ? milliseconds(std::chrono::hours(1))
                                                            : runtime::left_until(next);
        auto change = process_->changed().wait_for(wait);
        co_await std::move(change);
    }
    process_->changed().notify();
    co_return Error{"GH-P301", "the connector closed its stdout", "", "", ""};
}

void SimulatedSession::stop() {
    stopped_ = true;
    process_->changed().notify();
}

Task<bool> SimulatedSession::answered_within(milliseconds takes, SteadyTime deadline) {
    const SteadyTime answer_at = loop_now() + takes;
    while (loop_now() < deadline && process_->main_alive() && !stopped_) {
        if (process_->answers() && loop_now() >= answer_at) {
            co_return true;
        }
        SteadyTime next = std::min(deadline, process_->next_change());
        next = process_->answers() ? std::min(next, answer_at) : next;
        auto change = process_->changed().wait_for(runtime::left_until(next));
        co_await std::move(change);
    }
    co_return false;
}

Task<Result<runtime::Catalogue>> SimulatedSession::handshake(milliseconds deadline) {
    const RunFate& fate = process_->fate();
    const milliseconds takes = fate.handshake == HandshakeFate::unanswered
                                   ? milliseconds(std::chrono::hours(1))
                                   : fate.handshake_time;
    auto waiting = answered_within(takes, loop_now() + deadline);
    const bool answered = co_await std::move(waiting);
    if (!answered) {
        co_return Error{"GH-P306", "the connector is not ready in time", "", "", ""};
    }
    if (fate.handshake == HandshakeFate::wrong) {
        co_return Error{"GH-M403", "the connector's answer is wrong", "", "", ""};
    }
    co_return runtime::Catalogue();
}

Task<Result<runtime::Catalogue>> SimulatedSession::refresh_catalogue(milliseconds) {
    co_return runtime::Catalogue();
}

Task<Result<runtime::Catalogue>> SimulatedSession::refresh_list(runtime::ListKind, milliseconds) {
    co_return runtime::Catalogue();
}

Task<runtime::CallReply> SimulatedSession::watch_resource(std::string, milliseconds) {
    co_return runtime::CallReply();
}

Task<bool> SimulatedSession::ping(milliseconds deadline) {
    auto waiting = answered_within(milliseconds(2), loop_now() + deadline);
    const bool answered = co_await std::move(waiting);
    co_return answered;
}

Task<runtime::CallReply> SimulatedSession::call(std::shared_ptr<runtime::ConnectorCall> call) {
    runtime::CallReply reply;
    if (stopped_ || !process_->main_alive()) {
        reply.failure = Error{"GH-P301", "the connector has ended", "", "", ""};
        co_return reply;
    }
    ++counters_.calls;
    ++counters_.in_flight;
    const auto process = process_;
    call->set_cancel_handler([process] { process->changed().notify(); });
    const SteadyTime deadline = loop_now() + call->deadline;
    const SteadyTime answer_at = loop_now() + process_->fate().answer_time;
    reply.end = runtime::CallEnd::may_have_run;
    while (process_->main_alive() && !stopped_) {
        if (call->cancelled()) {
            reply.end = runtime::CallEnd::cancelled;
            break;
        }
        if (process_->answers() && loop_now() >= answer_at) {
            reply.end = runtime::CallEnd::result;
            reply.frame = "{}";
            reply.body_length = reply.frame.size();
            break;
        }
        if (loop_now() >= deadline) {
            reply.end = runtime::CallEnd::timed_out;
            reply.failure = Error{"GH-P307", "no answer in time", "", "", ""};
            break;
        }
        SteadyTime next = std::min(deadline, process_->next_change());
        next = process_->answers() ? std::min(next, answer_at) : next;
        auto change = process_->changed().wait_for(runtime::left_until(next));
        co_await std::move(change);
    }
    if (reply.end == runtime::CallEnd::may_have_run) {
        reply.failure = Error{"GH-P301", "the connector ended", "", "", ""};
    }
    call->set_cancel_handler(nullptr);
    --counters_.in_flight;
    co_return reply;
}

} // namespace gatehouse::simulation
