// Health: what a connector is worth to a caller, judged from dated facts. Pure: the same facts and
// the same instant give the same answer; the supervisor collects the facts, status and `ls` show
// the answer.
#pragma once

#include "runtime/base/clock.hpp"
#include "runtime/base/error.hpp"
#include "runtime/health/cause_class.hpp"
#include "runtime/health/downstream_evidence.hpp"
#include "runtime/health/health_facts.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::runtime {

enum class HealthWord {
    unknown,
    starting,
    healthy,
    degraded,
    unhealthy,
    auth_failed,       // the service behind it refuses the credential
    downstream_outage, // the service behind it is away
    crash_loop,
    failed,
    misconfigured,
    quarantined, // it is not what was approved, or it broke out of line; an admin decides
    idle,
    stopped,
};

std::string_view to_text(HealthWord word);
// The place in the roll-up: of several true words the one with the smallest rank is shown.
int health_rank(HealthWord word);

// How sure the word is. A suspicion never says more than degraded.
enum class Confidence { none, suspected, likely, certain };
std::string_view to_text(Confidence confidence); // "" for none

// Something that is true beside, or in place of, the word: "restarted", "memory_high" …
struct HealthCondition {
    std::string name;
    WallTime since;
    std::optional<Error> cause;
    EvidenceSource source = EvidenceSource::none;
    // It dates its own end, so nobody has to wait 60 s longer to believe that it is over.
    bool ends_by_itself = false;
    bool degrades = true; // else it is shown and changes no word
};

struct Health {
    HealthWord word = HealthWord::unknown;
    WallTime since;
    std::optional<Error> cause; // what, why, and what to do; none when nothing is wrong
    std::vector<HealthCondition> conditions; // everything true that is not said by the word alone
    EvidenceSource source = EvidenceSource::none;
    Confidence confidence = Confidence::none;
};

constexpr std::chrono::minutes crash_loop_window{10};
constexpr int crash_loop_failures_count = 3;
constexpr std::chrono::minutes restarted_window{10};
constexpr std::chrono::seconds condition_hold{60}; // a condition is over when false for so long

Health judge_health(const HealthFacts& facts, WallTime now);

} // namespace gatehouse::runtime
