// SlotModel: what must hold of one slot, told from outside: it sees the verbs, the launches, the
// processes and the transitions, keeps its own simple books, and says which promise was broken. It
// knows nothing of how the slot works.
#pragma once

#include "runtime/events/event_log.hpp"
#include "runtime/health/health.hpp"
#include "runtime/manifest/connector_spec.hpp"
#include "runtime/supervisor/wait_time.hpp"
#include "tests/unit/simulation/simulated_process.hpp"
#include "tests/unit/simulation/virtual_time.hpp"

#include <deque>
#include <memory>
#include <vector>

namespace gatehouse::simulation {

// Books that all slots of a world share.
struct StartBooks {
    int cold_starts = 0;
    int cold_starts_max = 5;
};

class SlotModel {
  public:
    SlotModel(int number, runtime::RestartSpec promised, StartBooks& starts, Story& story)
        : number_(number), promised_(promised), starts_(starts), story_(story) {}

    // What an operator did, at the instant it was asked for.
    void on_start_asked();
    void on_stop_asked();
    void on_secret_changed();
    void on_inputs_changed(); // a reload: only what waits for an input cares
    // What the slot does.
    void on_prepare(bool secret_there);
    void on_launched(std::shared_ptr<SimulatedProcess> process);
    void on_start_over(); // it is ready, or the start failed or was broken off
    void on_transition(const runtime::Event& event, std::optional<milliseconds> backoff_left);
    // The health that the slot's facts give right after that transition.
    void on_judged(const std::string& state, runtime::HealthWord word);
    void on_ready_end(milliseconds uptime);
    void on_stopped_claimed();
    void on_ready_claimed();
    // After the end of the daemon.
    void on_end(bool resting);

    bool off() const { return off_; }
    bool needs_input() const { return needs_input_; }
    bool has_tree() const { return process_ && !process_->tree_empty(); }
    void step(const char* what, std::int64_t detail = 0) {
        story_.step(VirtualTime::passed(), what, number_, detail);
    }

  private:
    void expect(bool holds, const char* invariant) { story_.expect(holds, invariant); }
    void check_backoff(const runtime::Event& event, milliseconds delay);
    void forgive();
    int within_window(const std::deque<SteadyTime>& failures) const;

    int number_;
    runtime::RestartSpec promised_;
    StartBooks& starts_;
    Story& story_;
    std::shared_ptr<SimulatedProcess> process_; // the newest
    bool starting_ = false;
    bool off_ = false;
    bool start_pending_ = false;
    bool needs_input_ = false;
    bool locked_ = false;
    SteadyTime not_before_;
    int in_row_least_ = 0;
    int failures_in_all_ = 0;
    std::deque<SteadyTime> failures_least_; // since someone last asked for a fresh start
    std::deque<SteadyTime> failures_most_;  // all
};

} // namespace gatehouse::simulation
