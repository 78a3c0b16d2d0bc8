// Which calls a session has, read from what it keeps of them anyway.
#include "runtime/base/json.hpp"
#include "runtime/session/http_session_core.hpp"
#include "runtime/session/json_scan.hpp"
#include "runtime/session/session_core.hpp"

namespace gatehouse::runtime {

std::string target_of_call(const ConnectorCall& call) {
    for (const char* const at : {"/name", "/uri"}) {
        if (const auto raw = find_pointer(call.params, at); raw && raw->starts_with('"')) {
            const auto parsed = parse_json(*raw);
            return parsed ? parsed->get<std::string>() : std::string();
        }
    }
    return "";
}

namespace {

template <class Pending>
CallInFlight shown_call(const Pending& pending, bool was_sent) {
    CallInFlight shown;
    shown.id = pending.call.id;
    shown.method = pending.call.method;
    shown.target = target_of_call(pending.call);
    shown.submitted = pending.deadline - pending.call.deadline;
    shown.was_sent = was_sent;
    return shown;
}

} // namespace

std::vector<CallInFlight> SessionCore::calls_in_flight(std::size_t max) const {
    std::vector<CallInFlight> calls;
    in_flight_.for_each([&](const PendingCall& pending) {
        if (pending.lane == Lane::shared && calls.size() < max) {
            calls.push_back(
                shown_call(pending, output_->written_bytes() > pending.output_position));
        }
    });
    for (const PendingCall& pending : queue_) {
        if (calls.size() >= max) {
            break;
        }
        calls.push_back(shown_call(pending, false));
    }
    return calls;
}

std::vector<CallInFlight> HttpSessionCore::calls_in_flight(std::size_t max) const {
    std::vector<CallInFlight> calls;
    for (const auto& [id, pending] : in_flight_) {
        if (pending->lane == HttpLane::shared && calls.size() < max) {
            calls.push_back(shown_call(*pending, pending->posted));
        }
    }
    for (const HttpCall* const pending : queue_) {
        if (calls.size() >= max) {
            break;
        }
        calls.push_back(shown_call(*pending, false));
    }
    return calls;
}

std::vector<CallId> SessionCore::call_ids(std::size_t max) const {
    std::vector<CallId> ids;
    in_flight_.for_each([&](const PendingCall& pending) {
        if (pending.lane == Lane::shared && ids.size() < max) {
            ids.push_back(pending.call.id);
        }
    });
    return ids;
}

std::vector<CallId> HttpSessionCore::call_ids(std::size_t max) const {
    std::vector<CallId> ids;
    for (const auto& [id, pending] : in_flight_) {
        if (pending->lane == HttpLane::shared && ids.size() < max) {
            ids.push_back(pending->call.id);
        }
    }
    return ids;
}

} // namespace gatehouse::runtime
