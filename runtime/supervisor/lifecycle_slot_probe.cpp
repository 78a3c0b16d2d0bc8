// The probes of a running instance: does it answer, did its lists change, does what is behind it
// work. Each runs beside the driver, which starts what is due while it serves.
#include "runtime/supervisor/lifecycle_slot.hpp"
#include "runtime/supervisor/wait_time.hpp"

#include <algorithm>
#include <utility>

namespace gatehouse::runtime {

namespace {

constexpr double memory_high_share = 0.9;

// Connectors that were started together are not all asked in the same moment.
milliseconds first_period(milliseconds period, double chance) {
    const double share = 0.75 + 0.25 * chance;
    return milliseconds(
        static_cast<milliseconds::rep>(static_cast<double>(period.count()) * share));
}

Error deep_probe_error(const CallReply& reply, const DeepProbeSpec& probe) {
    Error error = reply.failure;
    if (reply.end == CallEnd::result || reply.end == CallEnd::error) {
        const auto told = failure_of_result(reply.body());
        error = told ? told->error : Error{"GH-D205", "", "", "its answer is an error", ""};
    }
    error.what = "the deep probe fails: the tool " + probe.tool + " does not work";
    return error;
}

bool says_error(const CallReply& reply) {
    const auto body = reply.end == CallEnd::result ? reply.body() : std::string_view();
    return body.find(R"("isError":true)") != std::string_view::npos ||
           body.find(R"("isError": true)") != std::string_view::npos;
}

} // namespace

void LifecycleSlot::begin_probes(Instance& instance) {
    const SteadyTime now = loop_now();
    ProbeTimes& probes = instance.probes;
    probes.liveness_at = now + first_period(spec_.health.liveness.period, host_.chance());
    probes.catalogue_at = now + first_period(spec_.health.catalogue_period, host_.chance());
    probes.deep_at = spec_.health.deep.tool.empty()
                         ? SteadyTime::max()
                         : now + first_period(std::min<milliseconds>(spec_.health.deep.period,
                                                                     std::chrono::seconds(10)),
                                              host_.chance());
    const bool failed_lately =
        last_failure_at_ && *last_failure_at_ > host_.clock.wall_now() - restarted_window;
    if (failed_lately) {
        instance.liveness.ask_confirmation();
        probes.liveness_at = now;
    }
}

SteadyTime LifecycleSlot::start_due_probes(const std::shared_ptr<Instance>& instance) {
    const SteadyTime now = loop_now();
    ProbeTimes& probes = instance->probes;
    if (now >= probes.liveness_at && !probes.liveness_running) {
        probes.liveness_running = true;
        probes.liveness_at = now + spec_.health.liveness.period;
        beside("probe of ", probe_liveness(instance));
    }
    if (now >= probes.catalogue_at) {
        probes.catalogue_at = now + spec_.health.catalogue_period;
        ask_lists(*instance);
    }
    if (now >= probes.deep_at && !probes.deep_running) {
        probes.deep_running = true;
        probes.deep_at = now + spec_.health.deep.period;
        beside("deep probe of ", probe_deep(instance));
    }
    SteadyTime next = probes.catalogue_at;
    next = probes.liveness_running ? next : std::min(next, probes.liveness_at);
    return probes.deep_running ? next : std::min(next, probes.deep_at);
}

// At most so old as asked for; the tree is looked at again otherwise.
const SampledUse& LifecycleSlot::use_of(Instance& instance, milliseconds max_age) const {
    SampledUse& sampled = instance.sampled;
    const SteadyTime now = loop_now();
    const bool known = sampled.at != SteadyTime();
    if (!instance.child || (known && now - sampled.at < max_age)) {
        return sampled;
    }
    TreeUse use;
    if (const auto counted = instance.child->resources()) {
        use = {counted->memory_bytes, counted->cpu_ms};
        sampled.memory_max_bytes = counted->memory_max_bytes;
    } else {
        use = tree_use(instance.child->jail_pid());
    }
    const auto passed = std::chrono::duration<double, std::milli>(now - sampled.at).count();
    const bool grown = known && use.cpu_ms >= sampled.use.cpu_ms && passed > 0;
    sampled.cpu_percent =
        grown ? 100.0 * static_cast<double>(use.cpu_ms - sampled.use.cpu_ms) / passed : 0.0;
    // Time of processes that are gone may be missing; what was counted stays counted.
    use.cpu_ms = std::max(use.cpu_ms, sampled.use.cpu_ms);
    sampled.use = use;
    sampled.at = now;
    return sampled;
}

LivenessSample LifecycleSlot::sample(Instance& instance) {
    const SessionCounters& counters = instance.session->counters();
    LivenessSample sample;
    sample.answered = instance.calls_answered;
    sample.received = counters.received;
    sample.logged = instance.lines_logged;
    sample.in_flight = counters.in_flight;
    sample.cpu_ms = use_of(instance, milliseconds(100)).use.cpu_ms;
    note_load(instance);
    return sample;
}

void LifecycleSlot::note_load(const Instance& instance) {
    const SampledUse& sampled = instance.sampled;
    const std::uint64_t max =
        sampled.memory_max_bytes > 0 ? sampled.memory_max_bytes : spec_.sandbox.limits.memory_bytes;
    const bool high = instance.child && static_cast<double>(sampled.use.memory_bytes) >=
                                            memory_high_share * static_cast<double>(max);
    if (high != memory_high_since_.has_value()) {
        memory_high_since_ = high ? std::optional(host_.clock.wall_now()) : std::nullopt;
        events_.on_changed();
    }
    const milliseconds slo = spec_.health.slo_p95;
    const bool slow =
        slo.count() > 0 && call_window_.percentile(95, host_.clock.steady_now()) > slo;
    if (slow != over_slo_since_.has_value()) {
        over_slo_since_ = slow ? std::optional(host_.clock.wall_now()) : std::nullopt;
        events_.on_changed();
    }
}

Task<void> LifecycleSlot::probe_liveness(std::shared_ptr<Instance> instance) {
    const LivenessVerdict before = instance->liveness.verdict();
    const LivenessSample at_start = sample(*instance);
    bool alive = instance->liveness.progressed(at_start);
    if (!alive) {
        auto asking = instance->session->ping(spec_.health.liveness.timeout);
        alive = co_await std::move(asking);
    }
    instance->probes.liveness_running = false;
    if (!instance->serves()) {
        co_return;
    }
    const WallTime wall = host_.clock.wall_now();
    const LivenessSample now = sample(*instance);
    const bool confirms = instance->liveness.facts().confirmation_due;
    if (alive) {
        instance->liveness.on_alive(now, wall, loop_now());
    } else {
        instance->liveness.on_silence(now, wall, loop_now());
    }
    settle_liveness(*instance, before);
    if (confirms || before != instance->liveness.verdict()) {
        events_.on_changed();
    }
    changed_.notify();
}

void LifecycleSlot::settle_liveness(Instance& instance, LivenessVerdict before) {
    const LivenessVerdict verdict = instance.liveness.verdict();
    if (verdict != before) {
        std::string line = "liveness: " + std::string(to_text(verdict));
        if (const auto& error = instance.liveness.facts().last_error) {
            line += ", " + error->why;
        }
        tell_probe(line);
    }
    if (verdict == LivenessVerdict::dead && stop_reason_ == StopReason::none) {
        stop_reason_ = StopReason::unresponsive;
        reason_error_ = silence_error(instance);
        instance.killed_for = reason_error_;
    }
}

// A list that holds for longer, by the connector's own word, is not asked for again before.
void LifecycleSlot::ask_lists(Instance& instance) {
    const SteadyTime now = loop_now();
    for (std::size_t index = 0; index < list_kind_count; ++index) {
        ListReadings& readings = instance.lists[index];
        const milliseconds holds(catalogue_->ttl_ms(static_cast<ListKind>(index)));
        const SteadyTime read_at = std::max(readings.read_at, *instance.ready_since);
        readings.due = readings.due || now - read_at >= holds;
    }
}

Task<void> LifecycleSlot::probe_deep(std::shared_ptr<Instance> instance) {
    auto call = std::make_shared<ConnectorCall>();
    call->method = "tools/call";
    call->params = R"({"name":)" + json_quote(spec_.health.deep.tool) + R"(,"arguments":)" +
                   spec_.health.deep.arguments + "}";
    call->deadline = spec_.health.deep.timeout;
    ++instance->calls_active;
    auto calling = instance->session->call(std::move(call));
    const CallReply reply = co_await std::move(calling);
    --instance->calls_active;
    instance->probes.deep_running = false;
    if (instance->serves()) {
        settle_deep(reply);
    }
    changed_.notify();
}

void LifecycleSlot::settle_deep(const CallReply& reply) {
    const bool failed = reply.end != CallEnd::result || says_error(reply);
    const bool failed_before = deep_.failures_in_row > 0;
    const WallTime now = host_.clock.wall_now();
    if (!failed) {
        deep_ = DeepProbeFacts();
    } else {
        ++deep_.failures_in_row;
        const WallTime since = deep_.failing ? deep_.failing->since : now;
        deep_.failing.emplace();
        deep_.failing->since = since;
        deep_.failing->cause = deep_probe_error(reply, spec_.health.deep);
        deep_.failing->last_seen = now;
    }
    if (failed != failed_before) {
        tell_probe(failed ? "deep probe: " + to_text(deep_.failing->cause)
                          : std::string("deep probe: works again"));
    }
    if (failed || failed_before) {
        events_.on_changed();
    }
}

} // namespace gatehouse::runtime
