// ConnectorDetail: what `gatehouse describe` shows of one connector. Plain values.
#pragma once

#include "runtime/manifest/connector_spec.hpp"
#include "runtime/supervisor/connector_status.hpp"
#include "runtime/supervisor/crash_record.hpp"

#include <vector>

namespace gatehouse::runtime {

struct ConnectorDetail {
    ConnectorStatus status; // of the connector as a whole, with its conditions and evidence
    // Each instance by itself, as it is at this instant; the shared one first.
    std::vector<ConnectorStatus> instances;
    std::vector<CrashRecord> crashes;  // newest first
    std::vector<BreakerFact> breakers; // of every host that ever failed
    ConnectorSpec spec;
};

} // namespace gatehouse::runtime
