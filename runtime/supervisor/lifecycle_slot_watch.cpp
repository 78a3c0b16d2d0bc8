// The coroutines beside the driver. Each holds its instance and its slot, writes what it learns
// into them and wakes the driver.
#include "runtime/base/log.hpp"
#include "runtime/session/json_structure.hpp"
#include "runtime/supervisor/lifecycle_slot.hpp"
#include "runtime/supervisor/wait_time.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace gatehouse::runtime {

namespace {

constexpr std::array<const char*, list_kind_count> list_words = {"tools", "prompts", "resources",
                                                                 "resource templates"};

constexpr std::size_t log_calls_max_count = 8;

ListReadings& readings_of(Instance& instance, ListKind kind) {
    return instance.lists[static_cast<std::size_t>(kind)];
}

// Whether the connector says by itself that the list changed.
bool announces(const Catalogue& catalogue, ListKind kind) {
    const auto at = kind == ListKind::tools     ? "/tools/listChanged"
                    : kind == ListKind::prompts ? "/prompts/listChanged"
                                                : "/resources/listChanged";
    return find_pointer(catalogue.capabilities, at) == std::string_view("true");
}

} // namespace

Task<void> LifecycleSlot::keep_alive(std::shared_ptr<LifecycleSlot> self, Task<void> work) {
    Task<void> inner = std::move(work);
    co_await std::move(inner);
}

void LifecycleSlot::beside(const char* what, Task<void> work) {
    auto kept = keep_alive(shared_from_this(), std::move(work));
    host_.tasks.spawn(what + spec_.name.str(), std::move(kept));
}

std::shared_ptr<Instance> LifecycleSlot::new_instance() {
    auto instance = std::make_shared<Instance>(spec_.health.liveness);
    instance->id = host_.next_instance_id();
    instance->started = loop_now();
    instance->started_at = host_.clock.wall_now();
    return instance;
}

SessionOptions LifecycleSlot::session_options(Instance& instance) const {
    SessionOptions made;
    made.concurrency = spec_.concurrency;
    made.queue_max_count = spec_.queue_max;
    made.frame_max_bytes = host_.frame_max_bytes;
    made.known_era = events_.known_era();
    instance.known_era = made.known_era;
    if (!options_.client_capabilities.empty()) {
        made.client_capabilities = options_.client_capabilities;
    }
    made.client_info = options_.client_info;
    made.single_session = options_.single_session;
    return made;
}

void LifecycleSlot::adopt(const std::shared_ptr<Instance>& instance) {
    instance_ = instance;
    tell(what());
    ++instance->readers_running;
    beside("session of ", run_session(instance));
}

Task<void> LifecycleSlot::run_session(std::shared_ptr<Instance> instance) {
    auto running = instance->session->run();
    auto why = co_await std::move(running);
    instance->session_end = std::move(why);
    --instance->readers_running;
    if (instance->violated()) {
        note_violation(*instance);
    }
    // A connector elsewhere is nothing but its session.
    instance->gone = instance->gone || !instance->child;
    changed_.notify();
}

// Nothing can come through any more: the driver ends the instance, and this is why.
void LifecycleSlot::note_violation(Instance& instance) {
    instance.session_end->where = spec_.name.str();
    instance.violation.emplace();
    instance.violation->since = host_.clock.wall_now();
    instance.violation->cause = *instance.session_end;
    instance.violation->source = EvidenceSource::protocol;
    if (&instance == instance_.get() && stop_reason_ == StopReason::none) {
        tell("its session is ended: " + to_text(*instance.session_end));
        stop_reason_ = StopReason::stdout_closed;
        reason_error_ = instance.session_end;
    }
    events_.on_changed();
}

Task<void> LifecycleSlot::run_capture(std::shared_ptr<Instance> instance, StderrCapture& capture) {
    auto running = capture.run();
    co_await std::move(running);
    --instance->readers_running;
    changed_.notify();
}

Task<Result<void>> LifecycleSlot::reach(std::shared_ptr<Instance>, milliseconds) {
    co_return Result<void>();
}

Task<void> LifecycleSlot::run_handshake(std::shared_ptr<Instance> instance) {
    const SteadyTime deadline = loop_now() + spec_.timeouts.startup;
    auto reaching = reach(instance, spec_.timeouts.startup);
    auto reached = co_await std::move(reaching);
    if (reached) {
        auto shaking = instance->session->handshake(left_until(deadline));
        auto answer = co_await std::move(shaking);
        // Its own words for why it does not start go on to the events and to crash records.
        if (!answer && log_ != nullptr) {
            Error failure = std::move(answer).error();
            log_->mask(failure.why);
            answer = std::move(failure);
        }
        instance->handshake = std::move(answer);
    } else {
        instance->handshake = std::move(reached).error();
    }
    changed_.notify();
}

bool LifecycleSlot::lists_differ(const Catalogue& before, const Catalogue& after, ListKind kind) {
    const auto same = [](const CatalogueItem& a, const CatalogueItem& b) {
        return a.name == b.name && a.definition == b.definition;
    };
    return !std::ranges::equal(before.list(kind), after.list(kind), same);
}

void LifecycleSlot::replace_catalogue(std::shared_ptr<const Catalogue> catalogue) {
    catalogue_ = std::move(catalogue);
    events_.on_catalogue();
}

// One reading at a time; whoever asks while one runs waits for the next, which serves them all.
Task<bool> LifecycleSlot::read_list(std::shared_ptr<Instance> instance, ListKind kind,
                                    milliseconds max) {
    ListReadings& readings = readings_of(*instance, kind);
    const std::uint64_t wanted = readings.begun + 1;
    const SteadyTime deadline = loop_now() + max;
    while (readings.begun != readings.ended && readings.ended < wanted && instance->serves() &&
           loop_now() < deadline) {
        auto change = changed_.wait_for(left_until(deadline));
        co_await std::move(change);
    }
    if (readings.ended >= wanted || !instance->serves() || loop_now() >= deadline) {
        co_return readings.ended >= wanted;
    }
    ++readings.begun;
    auto reading = instance->session->refresh_list(kind, left_until(deadline));
    auto read = co_await std::move(reading);
    readings.ended = readings.begun;
    readings.read_at = loop_now();
    changed_.notify();
    if (!read) {
        if (!instance->session_end) {
            std::string line = std::string("its list of ") +
                               list_words[static_cast<std::size_t>(kind)] +
                               " cannot be read: " + to_text(read.error());
            if (log_ != nullptr) {
                log_->mask(line); // these are its words, and the daemon's log gets them too
            }
            tell(line);
        }
        co_return false;
    }
    if (instance == instance_ && catalogue_) {
        // Another list may have been read meanwhile: only this one is taken over.
        auto merged = std::make_shared<Catalogue>(*catalogue_);
        merged->put(kind, {std::move(read->list(kind)), read->ttl_ms(kind)});
        replace_catalogue(std::move(merged));
    }
    co_return true;
}

Task<void> LifecycleSlot::read_stale_lists(std::shared_ptr<Instance> instance) {
    instance->refreshing = true;
    for (std::size_t index = 0; index < list_kind_count && instance->serves(); ++index) {
        ListReadings& readings = instance->lists[index];
        const bool announced = std::exchange(readings.stale, false);
        if (!std::exchange(readings.due, false) && !announced) {
            continue;
        }
        const auto kind = static_cast<ListKind>(index);
        const auto before = catalogue_;
        auto reading = read_list(instance, kind, spec_.timeouts.startup);
        const bool read = co_await std::move(reading);
        if (read && instance == instance_ &&
            (announced || lists_differ(*before, *catalogue_, kind))) {
            tell(std::string("its ") + list_words[index] +
                 " changed: " + std::to_string(catalogue_->list(kind).size()) + " now");
            events_.on_list_changed(kind);
        }
    }
    instance->refreshing = false;
    changed_.notify();
}

Task<void> LifecycleSlot::refresh(ListKind kind, milliseconds deadline) {
    const auto self = shared_from_this();
    if (!serves_now() || announces(*catalogue_, kind)) {
        co_return;
    }
    auto reading = read_list(instance_, kind, deadline);
    co_await std::move(reading);
}

// The instance outlives its session, so the callbacks hold it weakly, against a cycle.
Session::Events LifecycleSlot::session_events(const std::shared_ptr<Instance>& instance) {
    const InstanceId id = instance->id;
    const std::weak_ptr<Instance> weak = instance;
    Session::Events events;
    events.on_stray = [this, id](std::string_view line) {
        note_news(last_stray_at_);
        log_line(LogStream::stdout_noise, id, line);
    };
    events.on_log = [this, id](std::string_view params) { log_line(LogStream::mcp, id, params); };
    events.on_list_changed = [this, weak](ListKind kind) {
        if (const auto changed = weak.lock()) {
            readings_of(*changed, kind).stale = true;
            changed_.notify();
        }
    };
    events.on_notice = events_.on_notice;
    events.on_unsolicited_input = events_.on_unsolicited_input;
    events.on_input_seen = events_.on_input_seen;
    return events;
}

LogContext LifecycleSlot::log_context(InstanceId instance) const {
    LogContext context;
    context.instance = instance;
    context.member = options_.member_folder;
    if (instance_ && instance_->id == instance) {
        context.calls = instance_->session->call_ids(log_calls_max_count);
    }
    return context;
}

void LifecycleSlot::log_line(LogStream stream, InstanceId instance, std::string_view line) {
    if (stream == LogStream::standard_error) {
        note_output(instance, line);
    }
    if (log_ == nullptr) {
        return;
    }
    log_->append(stream, log_context(instance), line);
    note_dropped();
}

// That a connector writes says that it works, and what it writes may hint at what is wrong.
void LifecycleSlot::note_output(InstanceId instance, std::string_view line) {
    if (instance_ && instance_->id == instance) {
        ++instance_->lines_logged;
    }
    const WallTime now = host_.clock.wall_now();
    const bool suspected =
        text_evidence_.suspected_auth(now) || text_evidence_.suspected_downstream(now);
    text_evidence_.add(TextOrigin::log_line, line, now);
    if (!suspected &&
        (text_evidence_.suspected_auth(now) || text_evidence_.suspected_downstream(now))) {
        events_.on_changed();
    }
}

void LifecycleSlot::note_dropped() {
    const auto dropped = log_->dropped_count();
    if (dropped == seen_dropped_) {
        return;
    }
    seen_dropped_ = dropped;
    note_news(last_log_drop_at_);
}

// Dates it; of many in a row only now and then one is news for health.
void LifecycleSlot::note_news(std::optional<WallTime>& last) {
    const WallTime now = host_.clock.wall_now();
    const bool news = !last || now - *last > std::chrono::seconds(10);
    last = now;
    if (news) {
        events_.on_changed();
    }
}

void LifecycleSlot::tell(std::string_view line) {
    log_info("connector " + spec_.name.str() + ": " + std::string(line));
    log_line(LogStream::supervisor, instance_ ? instance_->id : InstanceId{}, line);
}

void LifecycleSlot::tell_probe(std::string_view line) {
    log_line(LogStream::probe, instance_ ? instance_->id : InstanceId{}, line);
}

} // namespace gatehouse::runtime
