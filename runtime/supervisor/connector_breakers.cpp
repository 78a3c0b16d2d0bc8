#include "runtime/supervisor/connector_breakers.hpp"

#include "runtime/session/session.hpp"

#include <algorithm>
#include <utility>

namespace gatehouse::runtime {

std::string ConnectorBreakers::host_of(const ConnectorCall& call) const {
    if (!own_host_.empty() || host_of_target_.empty()) {
        return own_host_;
    }
    const auto known = host_of_target_.find(target_of_call(call));
    return known == host_of_target_.end() ? "" : known->second;
}

ConnectorBreakers::Host& ConnectorBreakers::host_named(const std::string& name) {
    const bool known = hosts_.contains(name);
    return !known && hosts_.size() >= hosts_max_count ? hosts_[""] : hosts_[name];
}

void ConnectorBreakers::learn(const ConnectorCall& call, const std::string& host) {
    if (own_host_.empty() && !host.empty() && host_of_target_.size() < targets_max_count) {
        host_of_target_[target_of_call(call)] = host;
    }
}

std::optional<HeldBack> ConnectorBreakers::held_back(const ConnectorCall& call, SteadyTime now) {
    if (hosts_.empty()) {
        return std::nullopt;
    }
    const auto found = hosts_.find(host_of(call));
    if (found == hosts_.end() || found->second.breaker.allow(now)) {
        return std::nullopt;
    }
    HeldBack held;
    held.why = found->second.breaker.last_failure().value_or(Error{"GH-D205", "", "", "", ""});
    held.why.where = found->first.empty() ? connector_ : found->first;
    held.why.why += held.why.why.empty() ? "it is away" : ", again and again";
    held.why.action = "wait: calls are let through again as soon as one succeeds";
    held.retry_after = found->second.breaker.retry_after(now);
    return held;
}

void ConnectorBreakers::on_outcome(const CallOutcomeSeen& seen, SteadyTime now) {
    const bool answered = seen.reply.end == CallEnd::result || seen.reply.end == CallEnd::error;
    if (answered && !seen.told) {
        const auto found = hosts_.empty() ? hosts_.end() : hosts_.find(host_of(seen.call));
        if (found != hosts_.end()) {
            found->second.breaker.on_success(now, seen.sent);
        }
        return;
    }
    const Error& failure = seen.told ? seen.told->error : seen.reply.failure;
    // What was refused before it reached an instance says nothing of what is behind it.
    const bool reached = seen.told || seen.reply.instance.value != 0;
    if (seen.told) {
        learn(seen.call, seen.told->host);
    }
    const std::string host =
        seen.told && !seen.told->host.empty() ? seen.told->host : host_of(seen.call);
    // Other failures only say of a trial that it is over.
    if (reached && class_of_code(failure.code) == FailureClass::outage) {
        host_named(host).breaker.on_failure(failure, now, seen.sent);
    } else if (const auto found = hosts_.find(host); found != hosts_.end()) {
        found->second.breaker.on_failure(reached ? failure : Error(), now, seen.sent);
    }
}

void ConnectorBreakers::tell_changes(SteadyTime now,
                                     const std::function<void(const Change&)>& tell) {
    for (auto& [name, host] : hosts_) {
        const BreakerState state = host.breaker.state(now);
        const BreakerState before = std::exchange(host.told, state);
        if (state != before) {
            tell(Change{name, before, state, host.breaker.last_failure()});
        }
    }
}

std::vector<BreakerFact> ConnectorBreakers::facts(WallTime wall, SteadyTime now) const {
    std::vector<BreakerFact> facts;
    for (const auto& [name, host] : hosts_) {
        facts.push_back(host.breaker.fact(name, wall, now));
    }
    return facts;
}

bool ConnectorBreakers::all_closed(SteadyTime now) const {
    return std::ranges::all_of(hosts_, [&](const auto& each) {
        return each.second.breaker.state(now) == BreakerState::closed;
    });
}

} // namespace gatehouse::runtime
