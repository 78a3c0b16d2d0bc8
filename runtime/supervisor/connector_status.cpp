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

ConnectorStatus Connector::status() const {
    ConnectorStatus worst = shared_->slot->status();
    ConnectorStatus sum = retired_;
    const auto count = [&](const ConnectorStatus& row, bool always) {
        add_counters(sum, row);
        sum.in_flight += row.in_flight;
        sum.memory_bytes += row.memory_bytes;
        sum.memory_max_bytes += row.instance.value != 0 ? row.memory_max_bytes : 0;
        sum.instances_ready += row.lifecycle == "ready" ? 1 : 0;
        sum.instances_total += always || row.health != "idle" ? 1 : 0;
    };
    const std::uint64_t memory_max_bytes = worst.memory_max_bytes;
    // The instance of nobody counts only while it is there.
    count(worst, !members_apart());
    for (const SeatPtr& seat : seats_) {
        const ConnectorStatus row = seat->slot->status();
        count(row, false);
        if ((seat->stuck || (!seat->ending && !ends(row))) && worse(row, worst)) {
            worst = row;
        }
    }
    worst.restarts_total = sum.restarts_total;
    worst.calls_total = sum.calls_total;
    worst.calls_failed = sum.calls_failed;
    worst.stray_lines = sum.stray_lines;
    worst.unknown_ids = sum.unknown_ids;
    worst.in_flight = sum.in_flight;
    worst.memory_bytes = sum.memory_bytes;
    worst.memory_max_bytes = std::max(sum.memory_max_bytes, memory_max_bytes);
    worst.instances_ready = sum.instances_ready;
    worst.instances_total = sum.instances_total;
    if (worst.last_exit.empty()) {
        worst.last_exit = sum.last_exit;
    }
    worst.tool_count = known_ ? static_cast<int>(known_->tools.size()) : -1;
    worst.scope = to_text(spec_.instances.scope);
    worst.transport = to_text(spec_.transport);
    if (spec_.remote.allow_private) {
        worst.weakenings.push_back(
            "allow_private: its URL may lead to this machine or its network");
    }
    worst.era = !era_ ? "" : *era_ == Era::modern ? "modern" : "legacy";
    return worst;
}

} // namespace gatehouse::runtime
