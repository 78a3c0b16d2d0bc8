// The health of a connector over time: what is shown of it, and what is told when it changes.
#include "runtime/supervisor/connector.hpp"
#include "runtime/supervisor/wait_time.hpp"

#include <algorithm>
#include <utility>

namespace gatehouse::runtime {

namespace {

using std::chrono::seconds;

constexpr milliseconds look_min_gap{50};
constexpr seconds look_unsteady_gap{1};
constexpr seconds look_steady_gap{60};

bool is_steady(const Health& health) {
    switch (health.word) {
    case HealthWord::healthy:
    case HealthWord::idle:
    case HealthWord::stopped:
    case HealthWord::failed:
    case HealthWord::misconfigured:
    case HealthWord::quarantined:
        return health.conditions.empty();
    default:
        return false;
    }
}

} // namespace

// Judged anew from the facts of the worst instance and what is known of the connector as a whole.
const Health& Connector::judge(HealthFacts& facts) const {
    const WallTime now = host_.clock.wall_now();
    for (BreakerFact& breaker : breakers_.facts(now, host_.clock.steady_now())) {
        if (breaker.state != BreakerState::closed) {
            facts.breakers.push_back(std::move(breaker));
        }
    }
    return tracker_.update(judge_health(facts, now), now);
}

// Tells of what changed; how long nothing needs to be looked at if no event comes.
milliseconds Connector::look() {
    const SteadyTime now = loop_now();
    if (now < last_look_ + look_min_gap) {
        return left_until(last_look_ + look_min_gap);
    }
    last_look_ = now;
    const ConnectorStatus status = this->status();
    const Health& shown = status.evidence.health;
    if (shown.word != told_word_) {
        const HealthWord before = std::exchange(told_word_, shown.word);
        if (std::exchange(told_once_, true)) {
            tell_health(before, status.evidence);
        }
    }
    const SteadyTime steady_now = host_.clock.steady_now();
    breakers_.tell_changes(steady_now, [this](const ConnectorBreakers::Change& change) {
        Event event;
        event.kind = EventKind::breaker;
        event.from = to_text(change.from);
        event.to = to_text(change.to);
        event.cause = change.to == BreakerState::closed ? std::nullopt : change.cause;
        event.text = change.host.empty() ? "what is behind it" : change.host;
        record(std::move(event));
    });
    return is_steady(shown) && breakers_.all_closed(steady_now) ? milliseconds(look_steady_gap)
                                                                : milliseconds(look_unsteady_gap);
}

void Connector::tell_health(HealthWord before, const Evidence& evidence) {
    Event event;
    event.kind = EventKind::health;
    event.instance = evidence.instance;
    event.from = to_text(before);
    event.to = to_text(evidence.health.word);
    event.cause = evidence.health.cause;
    event.text = evidence.summary;
    record(std::move(event));
}

void Connector::record(Event event) {
    if (host_.events != nullptr) {
        event.connector = spec_.name.str();
        host_.events->append(std::move(event));
    }
}

} // namespace gatehouse::runtime
