// The conditions of a connector: everything that is true of it beside its phase, in the order of
// importance. Pure; used by judge_health alone.
#pragma once

#include "runtime/health/health.hpp"

#include <vector>

namespace gatehouse::runtime {

struct FoundCondition {
    HealthCondition condition;
    bool of_process = true; // says nothing once the process is gone
    Confidence confidence = Confidence::certain;
};

std::vector<FoundCondition> find_conditions(const HealthFacts& facts, WallTime now);

// The fact proves what it says: it is neither text nor our own refusal.
bool is_proof(const DatedCause& fact);
EvidenceSource source_of(const DatedCause& fact);
Confidence confidence_of(const DatedCause& fact);

constexpr int liveness_failures_max_count = 3;
constexpr int deep_probe_failures_max_count = 3;
constexpr int members_active_min_count = 3;
// Half of the active members, of which there are enough to say so.
bool members_prove_refusal(const MemberFacts& members);

} // namespace gatehouse::runtime
