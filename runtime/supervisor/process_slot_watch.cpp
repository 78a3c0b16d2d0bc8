// The coroutines beside the driver. Each holds its instance, writes what it learns into it and
// wakes the driver.
#include "runtime/base/log.hpp"
#include "runtime/supervisor/process_slot.hpp"

#include <utility>

namespace gatehouse::runtime {

Task<void> ProcessSlot::watch_child(std::shared_ptr<Instance> instance) {
    auto waiting = instance->child->wait();
    const sandbox::Outcome outcome = co_await std::move(waiting);
    instance->outcome = outcome;
    changed_.notify();
}

Task<void> ProcessSlot::run_session(std::shared_ptr<Instance> instance) {
    auto running = instance->session->run();
    auto why = co_await std::move(running);
    instance->session_end = std::move(why);
    --instance->readers_running;
    changed_.notify();
}

Task<void> ProcessSlot::run_stderr(std::shared_ptr<Instance> instance) {
    auto running = instance->stderr_capture->run();
    co_await std::move(running);
    --instance->readers_running;
    changed_.notify();
}

Task<void> ProcessSlot::run_handshake(std::shared_ptr<Instance> instance) {
    auto shaking = instance->session->handshake(spec_.timeouts.startup);
    auto answer = co_await std::move(shaking);
    instance->handshake = std::move(answer);
    changed_.notify();
}

Task<void> ProcessSlot::refresh_catalogue(std::shared_ptr<Instance> instance) {
    instance->catalogue_stale = false;
    instance->refreshing = true;
    auto reading = instance->session->refresh_catalogue(spec_.timeouts.startup);
    auto catalogue = co_await std::move(reading);
    instance->refreshing = false;
    if (catalogue) {
        catalogue_ = std::make_shared<const Catalogue>(std::move(*catalogue));
        tell("its tools changed: " + std::to_string(catalogue_->tools.size()) + " now");
    } else if (!instance->session_end) {
        tell("its changed tools cannot be read: " + to_text(catalogue.error()));
    }
    changed_.notify();
}

// The instance outlives its session, so the callbacks hold it weakly, against a cycle.
Session::Events ProcessSlot::session_events(const std::shared_ptr<Instance>& instance) {
    const InstanceId id = instance->id;
    const std::weak_ptr<Instance> weak = instance;
    Session::Events events;
    events.on_stray = [this, id](std::string_view line) {
        last_stray_at_ = host_.clock.wall_now();
        log_line(LogStream::stdout_noise, id, line);
    };
    events.on_log = [this, id](std::string_view params) { log_line(LogStream::mcp, id, params); };
    events.on_list_changed = [this, weak](ListKind) {
        if (const auto changed = weak.lock()) {
            changed->catalogue_stale = true;
            changed_.notify();
        }
    };
    return events;
}

void ProcessSlot::log_line(LogStream stream, InstanceId instance, std::string_view line) {
    if (log_ == nullptr) {
        return;
    }
    log_->append(stream, instance, line);
    if (const auto dropped = log_->dropped_count(); dropped != seen_dropped_) {
        seen_dropped_ = dropped;
        last_log_drop_at_ = host_.clock.wall_now();
    }
}

void ProcessSlot::tell(std::string_view line) {
    log_info("connector " + spec_.name.str() + ": " + std::string(line));
    log_line(LogStream::supervisor, instance_ ? instance_->id : InstanceId{}, line);
}

} // namespace gatehouse::runtime
