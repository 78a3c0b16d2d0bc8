#include "runtime/health/downstream_evidence.hpp"

#include <algorithm>
#include <chrono>

namespace gatehouse::runtime {

namespace {

constexpr int refusals_in_row_count = 3;
constexpr int answers_that_heal_count = 2;
constexpr std::ptrdiff_t outage_failures_min_count = 5;
constexpr std::chrono::seconds outage_window{60};
constexpr std::size_t seen_max_count = 64;

DatedCause dated(const std::optional<DatedCause>& before, const Error& failure, WallTime at) {
    DatedCause fact;
    fact.since = before ? before->since : at;
    fact.cause = failure;
    fact.source = source_of_code(failure.code);
    fact.last_seen = at;
    return fact;
}

} // namespace

bool tells_refused_credential(const Error& error) {
    return class_of_code(error.code) == FailureClass::credential;
}

bool tells_outage(const Error& error) {
    return class_of_code(error.code) == FailureClass::outage;
}

void DownstreamEvidence::note(SteadyTime now, bool failed) {
    recent_.push_back({now, failed});
    while (recent_.size() > seen_max_count || recent_.front().at < now - outage_window) {
        recent_.pop_front();
    }
}

void DownstreamEvidence::add_answer(SteadyTime now) {
    note(now, false);
    refused_.reset();
    refused_in_row_ = 0;
    if (failing_ && ++answered_in_row_ >= answers_that_heal_count) {
        failing_.reset();
        recent_.clear();
    }
}

void DownstreamEvidence::add_failure(const Error& failure, WallTime at, SteadyTime now) {
    if (tells_refused_credential(failure)) {
        ++refused_in_row_;
        refused_ = dated(refused_, failure, at);
    } else if (tells_outage(failure)) {
        note(now, true);
        answered_in_row_ = 0;
        failing_ = dated(failing_, failure, at);
    }
}

void DownstreamEvidence::reset() {
    *this = DownstreamEvidence();
}

std::optional<DownstreamFact> DownstreamEvidence::refused() const {
    return refused_in_row_ >= refusals_in_row_count ? refused_ : std::nullopt;
}

std::optional<DownstreamFact> DownstreamEvidence::outage(SteadyTime now) const {
    const auto in_window = [&](const Seen& seen) { return seen.at >= now - outage_window; };
    const auto all = std::count_if(recent_.begin(), recent_.end(), in_window);
    const auto failed = std::count_if(recent_.begin(), recent_.end(), [&](const Seen& seen) {
        return in_window(seen) && seen.failed;
    });
    const bool away = failed >= outage_failures_min_count && failed * 2 >= all;
    return away ? failing_ : std::nullopt;
}

} // namespace gatehouse::runtime
