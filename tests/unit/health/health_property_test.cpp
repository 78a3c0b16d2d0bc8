#include "tests/unit/health/fact_maker.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <set>

using namespace gatehouse;
using namespace gatehouse::runtime;
using namespace gatehouse::runtime::fact_maker;

namespace {

class FactDice {
  public:
    explicit FactDice(std::uint32_t seed) : engine_(seed) {}

    HealthFacts facts() {
        HealthFacts facts;
        facts.connector = "notes";
        facts.phase = static_cast<HealthPhase>(number(0, static_cast<int>(HealthPhase::stuck)));
        facts.phase_since = moment();
        process(facts);
        calls(facts);
        downstream(facts);
        return facts;
    }

  private:
    int number(int least, int most) {
        return std::uniform_int_distribution<int>(least, most)(engine_);
    }
    bool rarely() { return number(0, 5) == 0; }
    WallTime moment() { return ago(std::chrono::seconds(number(0, 1500))); }

    std::optional<DatedCause> maybe_fact() {
        constexpr const char* codes[] = {"GH-A101", "GH-A103", "GH-A104", "GH-D201", "GH-D205",
                                         "GH-D207", "GH-D208", "GH-G901", "GH-P301", "GH-M402"};
        if (!rarely()) {
            return std::nullopt;
        }
        DatedCause fact =
            fact_of(codes[number(0, 9)], static_cast<EvidenceSource>(number(0, 5)), number(0, 599));
        fact.since = moment();
        fact.last_seen = rarely() ? std::nullopt : std::optional(moment());
        return fact;
    }

    void process(HealthFacts& facts) {
        if (number(0, 2) == 0) {
            add_failures(facts, number(0, 1) == 0 ? "GH-P301" : "GH-D202", number(0, 5));
            facts.last_failure_at = moment();
            facts.downstream_since = rarely() ? std::optional(moment()) : std::nullopt;
        }
        facts.quarantine = rarely() ? maybe_fact() : std::nullopt;
        facts.protocol_violation = maybe_fact();
        facts.liveness.failures_in_row = number(0, 4);
        facts.liveness.busy = rarely();
        facts.liveness.confirmation_due = rarely();
        facts.last_stray_at = rarely() ? std::optional(moment()) : std::nullopt;
        facts.last_log_drop_at = rarely() ? std::optional(moment()) : std::nullopt;
        facts.memory = {static_cast<std::uint64_t>(number(0, 110)), 100, {}};
    }
    void calls(HealthFacts& facts) {
        facts.calls_recent = static_cast<std::uint64_t>(number(0, 100));
        facts.calls_recent_failed = facts.calls_recent / static_cast<std::uint64_t>(number(1, 20));
        facts.latency.p95 = std::chrono::milliseconds(number(0, 900));
        facts.latency.slo = std::chrono::milliseconds(rarely() ? 500 : 0);
        facts.tools_held = rarely() ? 3 : 0;
    }
    void downstream(HealthFacts& facts) {
        facts.refused_credential = maybe_fact();
        facts.outage = maybe_fact();
        facts.identity_provider_away = maybe_fact();
        facts.blocked = maybe_fact();
        facts.deep_probe = {number(0, 4), maybe_fact()};
        facts.members = {number(0, 6), number(0, 6), maybe_fact()};
        for (int count = number(0, 2); count > 0; --count) {
            facts.breakers.push_back(breaker_of(static_cast<BreakerState>(number(0, 3))));
        }
        const auto text = [&] { return fact_of("GH-A115", EvidenceSource::text); };
        facts.suspected_auth = rarely() ? std::optional(text()) : std::nullopt;
        facts.suspected_downstream = rarely() ? std::optional(text()) : std::nullopt;
    }

    std::mt19937 engine_;
};

bool same_health(const Health& a, const Health& b) {
    const auto code = [](const Health& health) { return health.cause ? health.cause->code : ""; };
    bool same = a.word == b.word && a.since == b.since && code(a) == code(b) &&
                a.source == b.source && a.conditions.size() == b.conditions.size();
    for (std::size_t at = 0; same && at < a.conditions.size(); ++at) {
        same = a.conditions[at].name == b.conditions[at].name &&
               a.conditions[at].since == b.conditions[at].since;
    }
    return same;
}

// The words that are true of these facts, as the table says it, from the facts alone.
std::set<int> true_ranks(const HealthFacts& facts) {
    std::set<int> ranks;
    const auto add = [&](bool is_true, HealthWord word) {
        if (is_true) {
            ranks.insert(health_rank(word));
        }
    };
    const auto proved = [](const std::optional<DatedCause>& fact) {
        if (!fact || fact->source == EvidenceSource::text) {
            return false;
        }
        return fact->cause.code != "GH-D208" && !fact->cause.code.starts_with("GH-G9");
    };
    add(facts.phase == HealthPhase::stopped, HealthWord::stopped);
    add(facts.quarantine.has_value(), HealthWord::quarantined);
    add(facts.phase == HealthPhase::misconfigured, HealthWord::misconfigured);
    add(facts.phase == HealthPhase::failed, HealthWord::failed);
    const bool ready = facts.phase == HealthPhase::ready;
    const bool silent = facts.liveness.failures_in_row >= 3 && !facts.liveness.busy;
    add(ready && silent, HealthWord::unhealthy);
    add(facts.phase == HealthPhase::stuck, HealthWord::unhealthy);
    add(proved(facts.refused_credential), HealthWord::auth_failed);
    add(proved(facts.outage) || proved(facts.identity_provider_away),
        HealthWord::downstream_outage);
    for (const BreakerFact& breaker : facts.breakers) {
        add(breaker.state == BreakerState::open || breaker.state == BreakerState::half_open,
            HealthWord::downstream_outage);
    }
    add(facts.tools_held > 0 || (ready && facts.memory.used_bytes >= 90), HealthWord::degraded);
    add(facts.phase == HealthPhase::starting, HealthWord::starting);
    add(facts.phase == HealthPhase::unknown, HealthWord::unknown);
    add(facts.phase == HealthPhase::idle, HealthWord::idle);
    add(true, HealthWord::healthy);
    return ranks;
}

void drop_text(std::optional<DatedCause>& fact) {
    if (fact && fact->source == EvidenceSource::text) {
        fact.reset();
    }
}

HealthFacts without_text(HealthFacts facts) {
    for (auto* fact : {&facts.refused_credential, &facts.outage, &facts.identity_provider_away,
                       &facts.blocked, &facts.deep_probe.failing, &facts.members.refused,
                       &facts.suspected_auth, &facts.suspected_downstream}) {
        drop_text(*fact);
    }
    return facts;
}

} // namespace

TEST_CASE("10,000 sets of facts: the answer is the same each time and never above a true word") {
    std::set<HealthWord> seen;
    for (std::uint32_t seed = 0; seed < 10'000; ++seed) {
        const HealthFacts facts = FactDice(seed).facts();
        const Health health = judge_health(facts, fact_now);
        seen.insert(health.word);
        INFO("seed " << seed << ": " << to_text(health.word));
        REQUIRE(same_health(health, judge_health(FactDice(seed).facts(), fact_now)));
        // No word that is true has a smaller rank than the one that is shown.
        REQUIRE(health_rank(health.word) <= *true_ranks(facts).begin());
        // Whatever else is true is shown, and it is not worse.
        for (const HealthCondition& condition : health.conditions) {
            for (int word = 0; word <= static_cast<int>(HealthWord::stopped); ++word) {
                const auto other = static_cast<HealthWord>(word);
                if (condition.name == to_text(other)) {
                    REQUIRE(health_rank(other) >= health_rank(health.word));
                }
            }
        }
    }
    CHECK(seen.size() >= 12);
}

TEST_CASE("10,000 sets of facts: text alone never makes anything worse than degraded") {
    for (std::uint32_t seed = 0; seed < 10'000; ++seed) {
        const HealthFacts facts = FactDice(seed).facts();
        const int with = health_rank(judge_health(facts, fact_now).word);
        const int without = health_rank(judge_health(without_text(facts), fact_now).word);
        INFO("seed " << seed);
        REQUIRE(with >= std::min(without, health_rank(HealthWord::degraded)));
        if (judge_health(facts, fact_now).source == EvidenceSource::text) {
            REQUIRE((with >= health_rank(HealthWord::degraded) || facts.quarantine ||
                     facts.protocol_violation));
        }
    }
}

TEST_CASE("the words have thirteen different ranks, in the order of the document") {
    const char* order[] = {"stopped",    "quarantined", "misconfigured", "failed",
                           "crash_loop", "unhealthy",   "auth_failed",   "downstream_outage",
                           "degraded",   "starting",    "unknown",       "idle",
                           "healthy"};
    for (int word = 0; word <= static_cast<int>(HealthWord::stopped); ++word) {
        const auto which = static_cast<HealthWord>(word);
        CHECK(order[health_rank(which)] == to_text(which));
    }
}
