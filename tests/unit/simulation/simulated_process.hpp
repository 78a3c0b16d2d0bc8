// A connector's process tree that exists only as instants: when its first process ends, when the
// last of the tree does, when it stops answering. And the session with it, which answers or not
// accordingly. On virtual time, so nothing here waits for real.
#pragma once

#include "runtime/session/session.hpp"
#include "runtime/supervisor/change_signal.hpp"
#include "sandbox/outcome.hpp"
#include "tests/unit/simulation/story.hpp"

#include <memory>
#include <optional>

namespace gatehouse::simulation {

constexpr milliseconds never{-1};

enum class HandshakeFate { answered, wrong, unanswered };

// How one run of a connector will go; drawn at its launch. `never`: it does not happen.
struct RunFate {
    HandshakeFate handshake = HandshakeFate::answered;
    milliseconds handshake_time{50};
    milliseconds life = never; // until it ends by itself
    sandbox::Outcome end;      // how it then ends
    milliseconds hangs_after = never;
    milliseconds leaves_on_eof{20};
    milliseconds leaves_on_term{20};
    milliseconds dies_on_kill{5}; // the whole tree; never: it survives the kill
    milliseconds leftover{0};     // processes that outlive the first one by so much
    milliseconds answer_time{20};
};

// What a connector does again and again; most do this and that.
enum class Habit { none, crashes, violates, cannot_start, hangs };
Habit draw_habit(Random& random);

RunFate draw_fate(Random& random, Habit habit);

class SimulatedProcess {
  public:
    SimulatedProcess(Executor executor, RunFate drawn);

    bool main_alive() const;
    bool tree_empty() const;
    bool ended_before_now() const; // what ends at this very instant may not be known yet
    bool answers() const;          // it lives and does not hang
    SteadyTime next_change() const;
    const sandbox::Outcome& outcome() const { return outcome_; }
    const RunFate& fate() const { return fate_; }
    runtime::ChangeSignal& changed() { return changed_; }

    void on_eof();
    void on_term();
    void on_kill();

  private:
    void end_main(SteadyTime when, sandbox::Outcome outcome);

    RunFate fate_;
    runtime::ChangeSignal changed_;
    SteadyTime started_;
    SteadyTime main_end_ = SteadyTime::max();
    SteadyTime tree_end_ = SteadyTime::max();
    SteadyTime hang_at_ = SteadyTime::max();
    sandbox::Outcome outcome_;
};

// When the session says that nothing is left of the process; the others are planted bugs.
enum class SessionEnd { with_tree, with_main_process, with_kill };

class SimulatedSession final : public runtime::Session {
  public:
    SimulatedSession(std::shared_ptr<SimulatedProcess> process, SessionEnd end)
        : process_(std::move(process)), end_(end) {}

    SimulatedProcess& process() const { return *process_; }
    std::uint64_t dispatched() const { return counters_.calls; }
    void note_kill();

    Task<Error> run() override;
    Task<Result<runtime::Catalogue>> handshake(milliseconds deadline) override;
    Task<Result<runtime::Catalogue>> refresh_catalogue(milliseconds deadline) override;
    Task<Result<runtime::Catalogue>> refresh_list(runtime::ListKind kind,
                                                  milliseconds deadline) override;
    Task<runtime::CallReply> call(std::shared_ptr<runtime::ConnectorCall> call) override;
    Task<runtime::CallReply> watch_resource(std::string uri, milliseconds deadline) override;
    void unwatch_resource(const std::string&) override {}
    void tell_roots_changed() override {}
    Task<bool> ping(milliseconds deadline) override;
    void close_stdin() override { process_->on_eof(); }
    void stop() override;
    const runtime::SessionCounters& counters() const override { return counters_; }

  private:
    bool over() const;
    // Until then, or until it does not answer any more and the deadline passed, or it ended.
    Task<bool> answered_within(milliseconds takes, SteadyTime deadline);

    std::shared_ptr<SimulatedProcess> process_;
    SessionEnd end_;
    bool stopped_ = false;
    bool killed_ = false;
    runtime::SessionCounters counters_;
};

} // namespace gatehouse::simulation
