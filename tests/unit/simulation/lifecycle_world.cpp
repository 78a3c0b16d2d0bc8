#include "tests/unit/simulation/lifecycle_world.hpp"

#include "runtime/base/log.hpp"
#include "runtime/supervisor/lifecycle_slot.hpp"
#include "tests/unit/simulation/slot_model.hpp"

#include <boost/asio/io_context.hpp>
#include <csignal>

namespace gatehouse::simulation {

namespace {

using namespace gatehouse::runtime;
using std::chrono::minutes;
using std::chrono::seconds;

class LifecycleWorld;

// How a launch goes, before there is a session.
enum class LaunchFate { well, cannot_exec, cannot_exec_now };

class SimulatedSlot final : public LifecycleSlot {
  public:
    SimulatedSlot(SlotInputs inputs, LifecycleWorld& world, SlotModel& model, Habit habit)
        : LifecycleSlot(std::move(inputs)), world_(world), model_(model), habit_(habit) {}

    void change_secret(bool there);
    void change_inputs();
    Task<CallReply> call(std::shared_ptr<ConnectorCall> call) override;

  protected:
    Result<void> prepare_launch() override;
    Task<Result<void>> launch_instance() override;
    void end_politely(Instance& instance) override;
    milliseconds polite_wait() const override { return seconds(5); }
    void terminate(Instance& instance) override;
    void kill(Instance& instance) override;
    EndClass judge_end(const Instance& instance, const EndContext& context) const override;
    std::string end_text(const Instance&) const override { return "ended"; }
    ExitEvidence exit_of(const Instance&) const override { return {}; }
    Error silence_error(const Instance&) const override {
        return Error{"GH-P307", "the connector did not answer any more", "", "", ""};
    }
    std::string what() const override { return "launched"; }
    Task<Result<void>> reach(std::shared_ptr<Instance> instance, milliseconds deadline) override;

  private:
    static Task<void> start_for_call(SimulatedSlot& slot) {
        auto starting = slot.start();
        auto started = co_await std::move(starting);
        slot.model_.step("started for a call", started ? 1 : 0);
    }
    static SimulatedSession& session_of(const Instance& instance) {
        return static_cast<SimulatedSession&>(*instance.session);
    }
    LifecycleWorld& world_;
    SlotModel& model_;
    const Habit habit_;
    bool secret_there_ = true;
};

struct Place {
    std::unique_ptr<ConnectorSpec> spec;
    std::unique_ptr<SlotModel> model;
    std::shared_ptr<SimulatedSlot> slot;
    std::optional<Era> era;
};

struct NoCredentials final : CredentialSource {
    Result<Secret> shared_secret(const SecretName& name) override {
        return Error{"GH-A102", "the secret is not set", name.str(), "", ""};
    }
};

// Hears the transitions and hands them to the models.
class TransitionEar final : public EventLog {
  public:
    explicit TransitionEar(std::vector<Place>& places) : places_(places) {}
    void append(Event event) override;
    std::vector<Event> read(const EventFilter&) override { return {}; }
    std::uint64_t last_seq() const override { return 0; }
    std::uint64_t lost_count() const override { return 0; }

  private:
    std::vector<Place>& places_;
};

// The slots refer to a launcher and never use it here.
sandbox::Launcher& unused_launcher() {
    static asio::io_context loop;
    static const auto made = sandbox::Launcher::make(loop.get_executor(), "/bin/true");
    GH_ASSERT(made.has_value());
    return **made;
}

class LifecycleWorld {
  public:
    LifecycleWorld(std::uint64_t seed, LifecycleBug planted, Story& told);
    void run();

    Random random;
    const LifecycleBug bug;
    Story& story;
    asio::io_context loop{1};

  private:
    ConnectorSpec draw_spec(int number);
    SlotOptions draw_options();
    InstanceSlot::Events events_of(Place& place);
    void add_place(int number);

    static Task<void> operate(LifecycleWorld& world);
    static Task<void> sleep(LifecycleWorld& world, milliseconds time);
    static Task<void> run_slot(Place& place);
    static Task<void> change_secret(Place& place, bool there);
    static Task<void> change_inputs(Place& place);
    static Task<void> stop_slot(Place& place);
    static Task<void> start_slot(Place& place);
    static Task<void> restart_slot(Place& place);
    static Task<void> call_slot(LifecycleWorld& world, Place& place, std::uint64_t number);
    void act(Place& place);
    Place& draw_place();
    void begin_call(Place& place);
    static Task<void> cancel_later(LifecycleWorld& world, std::shared_ptr<ConnectorCall> call,
                                   milliseconds delay);
    void check_end();

    SystemClock clock_;
    NoCredentials credentials_;
    StartSlots slots_;
    StartBooks starts_;
    std::vector<Place> places_;
    TransitionEar ear_{places_};
    std::uint64_t last_instance_ = 0;
    std::uint64_t calls_begun_ = 0;
    std::uint64_t calls_ended_ = 0;
    std::uint64_t outcomes_ = 0;
    SteadyTime shut_down_at_;
    TaskGroup tasks_{loop.get_executor()};
    ConnectorHost host_;
};

void TransitionEar::append(Event event) {
    if (event.kind != EventKind::lifecycle) {
        return;
    }
    Place& place = places_[static_cast<std::size_t>(std::stoi(event.connector.substr(1)))];
    std::optional<milliseconds> left;
    if (event.to == "backoff") {
        const auto next = place.slot->facts().next_attempt_at;
        left = next ? std::optional(std::chrono::duration_cast<milliseconds>(
                          *next - std::chrono::system_clock::now()))
                    : std::nullopt;
    }
    if (event.to == "ready") {
        place.model->on_start_over();
    }
    place.model->on_transition(event, left);
    const Health health = judge_health(place.slot->facts(), std::chrono::system_clock::now());
    place.model->on_judged(event.to, health.word);
}

void SimulatedSlot::change_secret(bool there) {
    secret_there_ = there;
    model_.on_secret_changed();
    secret_changed();
}

void SimulatedSlot::change_inputs() {
    model_.on_inputs_changed();
    inputs_changed();
}

Task<CallReply> SimulatedSlot::call(std::shared_ptr<ConnectorCall> call) {
    if (world_.bug == LifecycleBug::call_wakes_stopped && model_.off()) {
        beside("bug of ", start_for_call(*this));
    }
    if (world_.bug == LifecycleBug::secret_is_not_missed && model_.needs_input()) {
        secret_changed();
    }
    return LifecycleSlot::call(std::move(call));
}

Result<void> SimulatedSlot::prepare_launch() {
    model_.on_prepare(secret_there_);
    if (secret_there_) {
        return {};
    }
    return Error{"GH-A102", "the secret is not set", "", "", ""};
}

Task<Result<void>> SimulatedSlot::launch_instance() {
    Random& random = world_.random;
    const int drawn = random.between(0, 39);
    const LaunchFate fate = drawn == 0   ? LaunchFate::cannot_exec
                            : drawn <= 2 ? LaunchFate::cannot_exec_now
                                         : LaunchFate::well;
    const milliseconds takes =
        random.percent(90) ? random.time_between(1, 20) : random.time_between(20, 9'000);
    asio::steady_timer timer(world_.loop, takes);
    co_await timer.async_wait(asio::use_awaitable);
    if (fate != LaunchFate::well) {
        model_.step("cannot be launched");
        model_.on_start_over();
        const char* const code = fate == LaunchFate::cannot_exec ? "GH-P305" : "GH-P306";
        co_return Error{code, "the command cannot be executed", "", "", ""};
    }
    auto process =
        std::make_shared<SimulatedProcess>(world_.loop.get_executor(), draw_fate(random, habit_));
    model_.on_launched(process);
    const SessionEnd end = world_.bug == LifecycleBug::gone_with_first_process
                               ? SessionEnd::with_main_process
                           : world_.bug == LifecycleBug::kill_is_believed ? SessionEnd::with_kill
                                                                          : SessionEnd::with_tree;
    const auto instance = new_instance();
    instance->session = std::make_unique<SimulatedSession>(std::move(process), end);
    adopt(instance);
    co_return Result<void>();
}

Task<Result<void>> SimulatedSlot::reach(std::shared_ptr<Instance>, milliseconds) {
    co_return Result<void>();
}

void SimulatedSlot::end_politely(Instance& instance) {
    model_.step("is asked to end");
    model_.on_start_over();
    instance.session->close_stdin();
}

void SimulatedSlot::terminate(Instance& instance) {
    model_.step("gets SIGTERM");
    session_of(instance).process().on_term();
}

void SimulatedSlot::kill(Instance& instance) {
    model_.step("is killed");
    session_of(instance).note_kill();
}

EndClass SimulatedSlot::judge_end(const Instance& instance, const EndContext& context) const {
    const sandbox::Outcome& outcome = session_of(instance).process().outcome();
    model_.step("ended", outcome.kind == sandbox::EndKind::exited ? outcome.code : -outcome.signal);
    model_.on_start_over();
    if (instance.ready_since) {
        model_.on_ready_end(
            std::chrono::duration_cast<milliseconds>(loop_now() - *instance.ready_since));
    }
    EndContext judged = context;
    if (world_.bug == LifecycleBug::violations_are_forgotten) {
        judged.violations_before = 0;
    }
    EndClass end = classify_end(outcome, judged);
    const bool retried =
        world_.bug == LifecycleBug::exit_78_is_retried && end.verdict == EndVerdict::misconfigured;
    end.verdict = retried ? EndVerdict::restart : end.verdict;
    // Asked of the classes themselves, beside what the slot makes of them.
    const bool asked = context.reason == StopReason::verb ||
                       context.reason == StopReason::restart ||
                       context.reason == StopReason::idle || context.reason == StopReason::shutdown;
    const bool configuration = !asked && !context.was_ready && !context.reason_error &&
                               outcome.kind == sandbox::EndKind::exited &&
                               (outcome.code == 78 || outcome.code == 126 || outcome.code == 127) &&
                               !outcome.pids_limit_hit;
    world_.story.expect(!configuration || end.verdict == EndVerdict::misconfigured,
                        "exit 78, 126 and 127 before ready are not tried again");
    const bool violation = !asked && !context.reason_error && !context.killed_by_us &&
                           outcome.kind == sandbox::EndKind::signaled && outcome.signal == SIGSYS &&
                           !outcome.oom_killed && !outcome.pids_limit_hit;
    world_.story.expect(!violation || context.violations_before + 1 < violations_max_count ||
                            end.verdict == EndVerdict::quarantined,
                        "the third violation ends in quarantine");
    return end;
}

LifecycleWorld::LifecycleWorld(std::uint64_t seed, LifecycleBug planted, Story& told)
    : random(seed), bug(planted), story(told),
      slots_(planted == LifecycleBug::too_many_cold_starts ? 6 : 5), host_{loop.get_executor(),
                                                                           clock_,
                                                                           unused_launcher(),
                                                                           credentials_,
                                                                           tasks_,
                                                                           slots_,
                                                                           nullptr,
                                                                           {},
                                                                           1 << 20,
                                                                           {},
                                                                           {},
                                                                           {}} {
    host_.next_instance_id = [this] { return InstanceId{++last_instance_}; };
    host_.chance = [this] { return random.unit(); };
    host_.events = &ear_;
    const int count = random.percent(50) ? random.between(1, 3) : random.between(4, 9);
    places_.reserve(static_cast<std::size_t>(count));
    for (int number = 0; number < count; ++number) {
        add_place(number);
    }
}

ConnectorSpec LifecycleWorld::draw_spec(int number) {
    ConnectorSpec spec;
    spec.name = ConnectorName("c" + std::to_string(number));
    constexpr std::array<RestartPolicy, 4> policies = {RestartPolicy::on_failure,
                                                       RestartPolicy::on_failure,
                                                       RestartPolicy::always, RestartPolicy::never};
    spec.restart.policy = random.one_of(policies);
    spec.restart.initial = random.percent(50) ? milliseconds(1000) : random.time_between(100, 3000);
    spec.restart.max =
        random.percent(50) ? milliseconds(60'000) : random.time_between(3000, 60'000);
    spec.restart.failures = random.between(2, 10);
    spec.restart.window = minutes(random.between(5, 30));
    spec.restart.reset_after = minutes(random.between(1, 10));
    spec.timeouts.startup = random.time_between(3'000, 60'000);
    spec.timeouts.drain = random.time_between(500, 30'000);
    spec.timeouts.stop = random.time_between(200, 10'000);
    spec.health.liveness.period = seconds(random.between(15, 60));
    return spec;
}

SlotOptions LifecycleWorld::draw_options() {
    SlotOptions options;
    options.min = random.percent(40) ? 1 : 0;
    options.idle_after = random.time_between(5'000, 300'000);
    options.keep_warm = random.percent(10) ? keep_warm_always : milliseconds(0);
    return options;
}

InstanceSlot::Events LifecycleWorld::events_of(Place& place) {
    InstanceSlot::Events events;
    events.on_changed = [] {};
    events.on_ready = [] {};
    events.on_catalogue = [] {};
    events.on_list_changed = [](ListKind) {};
    events.on_notice = [](std::string_view, std::string_view) {};
    events.on_unsolicited_input = [](std::shared_ptr<InputRequest>) {};
    events.on_input_seen = [] {};
    events.on_era = [&place](std::optional<Era> era) { place.era = era; };
    events.known_era = [&place] { return place.era; };
    events.watched = [] { return false; };
    events.held_back = [](const ConnectorCall&) { return std::optional<HeldBack>(); };
    events.on_outcome = [this](const CallOutcomeSeen&) { ++outcomes_; };
    return events;
}

void LifecycleWorld::add_place(int number) {
    Place& place = places_.emplace_back();
    place.spec = std::make_unique<ConnectorSpec>(draw_spec(number));
    place.model = std::make_unique<SlotModel>(number, place.spec->restart, starts_, story);
    RestartSpec& restart = place.spec->restart;
    if (bug == LifecycleBug::budget_has_no_end) {
        restart.failures = 1'000'000;
    } else if (bug == LifecycleBug::jitter_is_too_wide) {
        restart.jitter = 0.9;
    } else if (bug == LifecycleBug::backoff_is_skipped) {
        restart.initial = milliseconds(1);
    }
    SlotInputs inputs{host_, *place.spec, nullptr, draw_options(), events_of(place)};
    place.slot =
        std::make_shared<SimulatedSlot>(std::move(inputs), *this, *place.model, draw_habit(random));
    if (random.percent(10)) {
        place.slot->begin_stopped();
        place.model->on_stop_asked();
    }
}

Task<void> LifecycleWorld::sleep(LifecycleWorld& world, milliseconds time) {
    asio::steady_timer timer(world.loop, time);
    co_await timer.async_wait(asio::use_awaitable);
}

Task<void> LifecycleWorld::run_slot(Place& place) {
    auto running = place.slot->run();
    co_await std::move(running);
    place.model->on_end(place.slot->resting());
}

Task<void> LifecycleWorld::stop_slot(Place& place) {
    place.model->on_stop_asked();
    auto stopping = place.slot->stop();
    auto stopped = co_await std::move(stopping);
    if (stopped) {
        place.model->on_stopped_claimed();
    }
}

Task<void> LifecycleWorld::start_slot(Place& place) {
    place.model->on_start_asked();
    auto starting = place.slot->start();
    auto started = co_await std::move(starting);
    if (started) {
        place.model->on_ready_claimed();
    }
}

Task<void> LifecycleWorld::restart_slot(Place& place) {
    place.model->on_start_asked();
    auto starting = place.slot->restart();
    auto started = co_await std::move(starting);
    if (started) {
        place.model->on_ready_claimed();
    }
}

Task<void> LifecycleWorld::cancel_later(LifecycleWorld& world, std::shared_ptr<ConnectorCall> call,
                                        milliseconds delay) {
    auto sleeping = sleep(world, delay);
    co_await std::move(sleeping);
    call->cancel("the client went away");
}

void LifecycleWorld::begin_call(Place& place) {
    const std::uint64_t number = ++calls_begun_;
    place.model->step("is called", static_cast<std::int64_t>(number));
    tasks_.spawn("call", call_slot(*this, place, number));
}

Task<void> LifecycleWorld::call_slot(LifecycleWorld& world, Place& place, std::uint64_t number) {
    auto call = std::make_shared<ConnectorCall>();
    call->id = CallId{number};
    call->method = "tools/call";
    call->params = R"({"name":"echo"})";
    call->deadline = world.random.time_between(100, 60'000);
    if (world.random.percent(20)) {
        world.tasks_.spawn("cancel",
                           cancel_later(world, call, world.random.time_between(0, 5'000)));
    }
    const SteadyTime began = loop_now();
    const std::uint64_t outcomes_before = world.outcomes_;
    auto calling = place.slot->call(call);
    const CallReply reply = co_await std::move(calling);
    ++world.calls_ended_;
    // Waiting for a start, the call itself, and once more what is left of its time.
    const auto most = place.spec->timeouts.startup + 2 * call->deadline + seconds(2);
    world.story.expect(loop_now() - began <= most, "a call ends within the time it was given");
    world.story.expect(world.outcomes_ > outcomes_before, "a call that ends has an outcome");
    world.story.expect(reply.end != CallEnd::result || reply.instance.value != 0,
                       "a result comes from an instance");
    world.story.expect(reply.end != CallEnd::cancelled || call->cancelled(),
                       "only a call that was given up ends as cancelled");
}

Place& LifecycleWorld::draw_place() {
    const int last = static_cast<int>(places_.size()) - 1;
    return places_[static_cast<std::size_t>(random.between(0, last))];
}

Task<void> LifecycleWorld::change_secret(Place& place, bool there) {
    place.slot->change_secret(there);
    co_return;
}

Task<void> LifecycleWorld::change_inputs(Place& place) {
    place.slot->change_inputs();
    co_return;
}

void LifecycleWorld::act(Place& place) {
    const int drawn = random.between(0, 99);
    if (drawn < 50) {
        for (int left = random.between(1, 3); left > 0; --left) {
            begin_call(place);
        }
    } else if (drawn < 62) {
        tasks_.spawn("stop", stop_slot(place));
    } else if (drawn < 78) {
        tasks_.spawn("start", start_slot(place));
    } else if (drawn < 86) {
        tasks_.spawn("restart", restart_slot(place));
    } else if (drawn < 89) {
        tasks_.spawn("inputs", change_inputs(place));
    } else {
        tasks_.spawn("secret", change_secret(place, random.percent(80)));
    }
}

Task<void> LifecycleWorld::operate(LifecycleWorld& world) {
    Random& random = world.random;
    for (int left = random.between(5, 60); left > 0; --left) {
        const bool burst = random.percent(35);
        const int most = random.percent(80) ? 30'000 : 600'000;
        auto sleeping =
            sleep(world, burst ? random.time_between(0, 2) : random.time_between(0, most));
        co_await std::move(sleeping);
        // Several at once for the same one: they meet before the slot has seen the first.
        Place& place = world.draw_place();
        for (int more = random.percent(25) ? random.between(1, 3) : 0; more >= 0; --more) {
            world.act(place);
        }
    }
    world.story.step(VirtualTime::passed(), "the daemon ends");
    world.shut_down_at_ = loop_now();
    for (Place& place : world.places_) {
        place.slot->shut_down();
    }
}

void LifecycleWorld::check_end() {
    story.expect(calls_begun_ == calls_ended_, "each call ends once");
    story.expect(outcomes_ == calls_begun_, "each call has exactly one outcome");
}

void LifecycleWorld::run() {
    for (Place& place : places_) {
        tasks_.spawn("slot", run_slot(place));
    }
    tasks_.spawn("operator", operate(*this));
    constexpr auto longest = std::chrono::hours(12);
    loop.run_for(longest);
    const bool ended = tasks_.running_count() == 0;
    story.expect(!VirtualTime::spun(), "the loop rests while nothing happens");
    story.expect(ended, "after the end of the daemon all comes to an end");
    if (ended) {
        story.expect(loop_now() - shut_down_at_ <= seconds(150),
                     "the end of the daemon takes long");
        check_end();
        return;
    }
    tasks_.stop();
    loop.restart();
    loop.run_for(longest);
}

} // namespace

void run_lifecycle(std::uint64_t seed, LifecycleBug bug, Story& story) {
    set_log_level(gatehouse::LogLevel::off);
    const VirtualTime virtual_time;
    LifecycleWorld world(seed, bug, story);
    world.run();
}

} // namespace gatehouse::simulation
