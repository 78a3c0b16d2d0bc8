#include "runtime/health/downstream_evidence.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace gatehouse::runtime {

namespace {

constexpr int refusals_in_row_count = 3;
constexpr int answers_that_heal_count = 2;
constexpr std::ptrdiff_t outage_failures_min_count = 5;
constexpr std::chrono::seconds outage_window{60};
constexpr std::size_t seen_max_count = 64;

// The status that a code was made from, where there is but one.
int status_of_code(const std::string& code) {
    constexpr std::pair<std::string_view, int> statuses[] = {
        {"GH-A103", 401}, {"GH-A104", 403}, {"GH-D206", 429}};
    for (const auto& [name, status] : statuses) {
        if (name == code) {
            return status;
        }
    }
    return 0;
}

DatedCause continued(const std::optional<DatedCause>& before, const DatedCause& failure) {
    DatedCause fact = failure;
    fact.since = before ? before->since : failure.since;
    fact.last_seen = failure.since;
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
    answered_since_block_ = true;
    if (failing_ && ++answered_in_row_ >= answers_that_heal_count) {
        failing_.reset();
        recent_.clear();
    }
}

void DownstreamEvidence::add_failure(const Error& failure, WallTime at, SteadyTime now) {
    DatedCause fact;
    fact.since = at;
    fact.cause = failure;
    fact.source = source_of_code(failure.code);
    fact.host = failure.where;
    fact.http_status = status_of_code(failure.code);
    add_failure(fact, now);
}

void DownstreamEvidence::add_failure(const DatedCause& failure, SteadyTime now) {
    switch (class_of_code(failure.cause.code)) {
    case FailureClass::credential:
        refused_in_row_ += failure.cause.code == "GH-A101" ? refusals_in_row_count : 1;
        refused_in_row_ = std::min(refused_in_row_, refusals_in_row_count);
        refused_ = continued(refused_, failure);
        break;
    case FailureClass::outage:
        note(now, true);
        answered_in_row_ = 0;
        failing_ = continued(failing_, failure);
        break;
    case FailureClass::policy:
        blocked_ = continued(answered_since_block_ ? std::nullopt : blocked_, failure);
        answered_since_block_ = false;
        break;
    default:
        break;
    }
}

void DownstreamEvidence::reset() {
    *this = DownstreamEvidence();
}

std::optional<DatedCause> DownstreamEvidence::refused() const {
    return refused_in_row_ >= refusals_in_row_count ? refused_ : std::nullopt;
}

std::optional<DatedCause> DownstreamEvidence::outage(SteadyTime now) const {
    const auto in_window = [&](const Seen& seen) { return seen.at >= now - outage_window; };
    const auto all = std::count_if(recent_.begin(), recent_.end(), in_window);
    const auto failed = std::count_if(recent_.begin(), recent_.end(), [&](const Seen& seen) {
        return in_window(seen) && seen.failed;
    });
    const bool away = failed >= outage_failures_min_count && failed * 2 >= all;
    return away ? failing_ : std::nullopt;
}

} // namespace gatehouse::runtime
