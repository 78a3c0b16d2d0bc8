#include "tests/unit/simulation/slot_model.hpp"

#include <algorithm>

namespace gatehouse::simulation {

namespace {

using runtime::loop_now;

// What is counted in milliseconds may be one off.
constexpr milliseconds rounding{1};

milliseconds doubled(milliseconds initial, int times, milliseconds max) {
    milliseconds delay = initial;
    for (int left = times; left > 0 && delay < max; --left) {
        delay *= 2;
    }
    return std::min(delay, max);
}

milliseconds share_of(milliseconds delay, double share) {
    return milliseconds(static_cast<milliseconds::rep>(static_cast<double>(delay.count()) * share));
}

// Nothing runs in these, and none is left by itself but backoff.
bool is_down(const std::string& word) {
    return word == "backoff" || word == "idle" || word == "stopped" || word == "failed" ||
           word == "misconfigured" || word == "quarantined";
}

} // namespace

void SlotModel::forgive() {
    failures_least_.clear();
    in_row_least_ = 0;
    not_before_ = {};
}

void SlotModel::on_start_asked() {
    step("start or restart asked");
    off_ = false;
    needs_input_ = false;
    locked_ = false;
    start_pending_ = true;
    forgive();
}

void SlotModel::on_stop_asked() {
    step("stop asked");
    start_pending_ = false;
    off_ = true;
}

void SlotModel::on_secret_changed() {
    step("secret changed");
    needs_input_ = false;
    forgive();
}

void SlotModel::on_inputs_changed() {
    step("inputs changed");
    if (needs_input_) {
        needs_input_ = false;
        forgive();
    }
}

void SlotModel::on_prepare(bool secret_there) {
    step("prepares", secret_there ? 1 : 0);
    expect(!off_, "nothing starts after a stop");
    expect(!needs_input_, "what is misconfigured is not tried until an input changes");
    expect(!locked_, "quarantine is left by an operator alone");
    expect(!has_tree(), "no instance is begun while processes of another live");
    // An operator's wish that waited for the end of an earlier run is not kept waiting once more.
    expect(start_pending_ || loop_now() + rounding >= not_before_,
           "no attempt before its pause is over");
    start_pending_ = false;
    if (secret_there) {
        starting_ = true;
        ++starts_.cold_starts;
        expect(starts_.cold_starts <= starts_.cold_starts_max,
               "at most five cold starts at a time");
    }
}

void SlotModel::on_launched(std::shared_ptr<SimulatedProcess> process) {
    step("launched");
    expect(!has_tree(), "no instance is begun while processes of another live");
    process_ = std::move(process);
}

void SlotModel::on_start_over() {
    if (starting_) {
        starting_ = false;
        --starts_.cold_starts;
    }
}

int SlotModel::within_window(const std::deque<SteadyTime>& failures) const {
    const SteadyTime start = loop_now() - promised_.window;
    const auto inside = std::count_if(failures.begin(), failures.end(),
                                      [&](SteadyTime failure) { return failure > start; });
    return static_cast<int>(inside);
}

void SlotModel::check_backoff(const runtime::Event& event, milliseconds delay) {
    not_before_ = loop_now() + delay;
    if (event.from == "pending") {
        return; // no slot in time: that is no failure
    }
    ++in_row_least_;
    ++failures_in_all_;
    failures_least_.push_back(loop_now());
    failures_most_.push_back(loop_now());
    const milliseconds least = doubled(promised_.initial, in_row_least_ - 1, promised_.max);
    const milliseconds most = doubled(promised_.initial, failures_in_all_ - 1, promised_.max);
    expect(delay + rounding >= share_of(least, 1.0 - promised_.jitter),
           "a pause is at least what the failures in a row ask for, less the jitter");
    expect(delay <= share_of(most, 1.0 + promised_.jitter) + rounding,
           "a pause is at most what the failures in a row ask for, and the jitter");
    expect(within_window(failures_least_) < promised_.failures,
           "nothing is tried again when its budget is used up");
}

void SlotModel::on_transition(const runtime::Event& event,
                              std::optional<milliseconds> backoff_left) {
    story_.step(VirtualTime::passed(), "is", number_, static_cast<std::int64_t>(event.to.front()));
    if (is_down(event.to)) {
        expect(!has_tree(), "stopped means that the tree is empty");
    }
    if (event.to == "stuck") {
        expect(has_tree(), "stuck means that processes are left");
    }
    if (event.to == "backoff") {
        expect(backoff_left.has_value(), "a pause has an end");
        check_backoff(event, backoff_left.value_or(milliseconds(0)));
    } else if (event.to == "failed" && promised_.policy != runtime::RestartPolicy::never) {
        failures_most_.push_back(loop_now());
        expect(within_window(failures_most_) >= promised_.failures,
               "nothing is given up before its budget is used up");
    } else if (event.to == "misconfigured") {
        needs_input_ = true;
    } else if (event.to == "quarantined") {
        locked_ = true;
    }
}

void SlotModel::on_judged(const std::string& state, runtime::HealthWord word) {
    const bool says_itself = state == "stopped" || state == "failed" || state == "misconfigured" ||
                             state == "quarantined";
    if (says_itself) {
        expect(runtime::to_text(word) == state, "a state that an operator must see is the health");
    }
    const bool down = state == "backoff" || state == "stuck";
    const int rank = runtime::health_rank(word);
    expect(!down || rank <= runtime::health_rank(runtime::HealthWord::downstream_outage),
           "what is down is not shown as well");
    expect(state == "ready" || word != runtime::HealthWord::healthy,
           "only what is ready is healthy");
}

void SlotModel::on_ready_end(milliseconds uptime) {
    if (uptime + rounding >= promised_.reset_after) {
        in_row_least_ = 0;
    }
}

void SlotModel::on_stopped_claimed() {
    step("says it is stopped");
    expect(!has_tree(), "a stop that succeeds leaves no process");
}

void SlotModel::on_ready_claimed() {
    step("says it is started");
    start_pending_ = false;
    expect(process_ && !process_->ended_before_now(), "a start that succeeds leaves a process");
}

void SlotModel::on_end(bool resting) {
    step("is at its end", resting ? 1 : 0);
    expect(resting != has_tree(), "at the end all rest, or are stuck with processes");
    expect(!starting_, "at the end nothing starts");
}

} // namespace gatehouse::simulation
