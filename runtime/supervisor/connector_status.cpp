// The row of a connector: its worst instance, and the sums over all of them.
#include "runtime/supervisor/connector.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace gatehouse::runtime {

namespace {

// The first of these that is true of an instance is what the connector is.
constexpr std::array<std::string_view, 13> worst_first = {
    "stopped",     "quarantined",       "misconfigured", "failed",   "crash_loop", "unhealthy",
    "auth_failed", "downstream_outage", "degraded",      "starting", "unknown",    "idle",
    "healthy"};

std::size_t rank_of(const std::string& health) {
    return static_cast<std::size_t>(std::find(worst_first.begin(), worst_first.end(), health) -
                                    worst_first.begin());
}

// It was told to end, and what it was does not count any more.
bool ends(const ConnectorStatus& row) {
    return row.lifecycle == "draining" || row.lifecycle.starts_with("stopping");
}

bool worse(const ConnectorStatus& row, const ConnectorStatus& than) {
    const bool sleeps = row.health == "idle" && !row.cause;
    const bool other_sleeps = than.health == "idle" && !than.cause;
    if (sleeps != other_sleeps) {
        return other_sleeps;
    }
    return rank_of(row.health) < rank_of(than.health);
}

} // namespace

void Connector::add_counters(ConnectorStatus& sum, const ConnectorStatus& part) {
    sum.restarts_total += part.restarts_total;
    sum.calls_total += part.calls_total;
    sum.calls_failed += part.calls_failed;
    sum.stray_lines += part.stray_lines;
    sum.unknown_ids += part.unknown_ids;
    if (!part.last_exit.empty()) {
        sum.last_exit = part.last_exit;
    }
}

// The instance whose trouble is the connector's, with its row; `sum` gets the counters of all.
const Seat& Connector::worst_seat(ConnectorStatus& worst, ConnectorStatus& sum) const {
    const Seat* chosen = shared_.get();
    worst = shared_->slot->status();
    const auto count = [&](const ConnectorStatus& row, bool always) {
        add_counters(sum, row);
        sum.in_flight += row.in_flight;
        sum.memory_bytes += row.memory_bytes;
        sum.cpu_percent += row.cpu_percent;
        sum.memory_max_bytes += row.instance.value != 0 ? row.memory_max_bytes : 0;
        sum.calls_recent += row.calls_recent;
        sum.calls_recent_failed += row.calls_recent_failed;
        sum.p95_ms = std::max(sum.p95_ms, row.p95_ms);
        sum.instances_ready += row.lifecycle == "ready" ? 1 : 0;
        sum.instances_total += always || row.health != "idle" ? 1 : 0;
    };
    // The instance of nobody counts only while it is there.
    count(worst, !members_apart());
    for (const SeatPtr& seat : seats_) {
        const ConnectorStatus row = seat->slot->status();
        count(row, false);
        if ((seat->stuck || (!seat->ending && !ends(row))) && worse(row, worst)) {
            worst = row;
            chosen = seat.get();
        }
    }
    return *chosen;
}

ConnectorStatus Connector::status() const {
    ConnectorStatus row;
    ConnectorStatus sum = retired_;
    HealthFacts facts = worst_seat(row, sum).slot->facts();
    row.restarts_total = sum.restarts_total;
    row.calls_total = sum.calls_total;
    row.calls_failed = sum.calls_failed;
    row.calls_recent = sum.calls_recent;
    row.calls_recent_failed = sum.calls_recent_failed;
    row.p95_ms = sum.p95_ms;
    row.stray_lines = sum.stray_lines;
    row.unknown_ids = sum.unknown_ids;
    row.in_flight = sum.in_flight;
    row.memory_bytes = sum.memory_bytes;
    row.cpu_percent = sum.cpu_percent;
    row.memory_max_bytes = std::max(sum.memory_max_bytes, spec_.sandbox.limits.memory_bytes);
    row.instances_ready = sum.instances_ready;
    row.instances_total = sum.instances_total;
    if (row.last_exit.empty()) {
        row.last_exit = sum.last_exit;
    }
    add_spec(row);
    add_health(row, facts);
    return row;
}

void Connector::add_spec(ConnectorStatus& row) const {
    row.tool_count = known_ ? static_cast<int>(known_->tools.size()) : -1;
    row.scope = to_text(spec_.instances.scope);
    row.transport = to_text(spec_.transport);
    row.revision = revision_;
    if (spec_.remote.allow_private) {
        row.weakenings.push_back("allow_private: its URL may lead to this machine or its network");
    }
    row.era = !era_ ? "" : *era_ == Era::modern ? "modern" : "legacy";
}

// What is shown is what was judged, damped.
void Connector::add_health(ConnectorStatus& row, HealthFacts& facts) const {
    const Health& shown = judge(facts);
    row.breakers = facts.breakers;
    row.health = to_text(shown.word);
    row.cause = shown.cause;
    row.since = shown.since;
    row.conditions = shown.conditions;
    Evidence evidence = make_evidence(facts, shown);
    evidence.instance = row.instance;
    evidence.exit = row.evidence.exit;
    evidence.log_cursor = row.evidence.log_cursor;
    evidence.revision = revision_;
    evidence.restarts_total = row.restarts_total;
    row.evidence = std::move(evidence);
}

ConnectorDetail Connector::detail() const {
    ConnectorDetail detail;
    detail.status = status();
    detail.spec = spec_;
    detail.breakers = breakers_.facts(host_.clock.wall_now(), host_.clock.steady_now());
    if (!members_apart() || !shared_->slot->resting()) {
        detail.instances.push_back(shared_->slot->status());
    }
    for (const SeatPtr& seat : seats_) {
        detail.instances.push_back(seat->slot->status());
    }
    for (ConnectorStatus& instance : detail.instances) {
        add_spec(instance);
    }
    return detail;
}

} // namespace gatehouse::runtime
