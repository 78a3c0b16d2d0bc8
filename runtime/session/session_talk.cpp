// What the connector says of its own accord: requests and notifications.
#include "runtime/session/connector_talk.hpp"
#include "runtime/session/json_scan.hpp"
#include "runtime/session/request_meta.hpp"
#include "runtime/session/request_text.hpp"
#include "runtime/session/session_core.hpp"

namespace gatehouse::runtime {

namespace {

// What the connector asks is not answered while it leaves this much unread.
constexpr std::size_t unread_max_bytes = 1ULL << 20;

} // namespace

SessionCore::Attributed SessionCore::attribute() const {
    CallsAtWork at_work;
    at_work.calls_count = counters_.in_flight;
    at_work.abandoned_calls = abandoned_.any();
    at_work.single_session = options_.single_session;
    Attributed found;
    if (at_work.calls_count != 1) {
        found.belongs = whose(at_work);
        return found;
    }
    in_flight_.for_each([&](PendingCall& pending) {
        found.call = pending.lane == Lane::shared ? &pending : found.call;
        at_work.other_requests = at_work.other_requests || pending.lane == Lane::watch;
    });
    found.belongs = whose(at_work);
    // What the gateway asks itself is no client's: a session's own client may be meant.
    if (options_.single_session && found.call != nullptr && is_gateways_own(found.call->call)) {
        found.belongs = Belongs::to_session;
    }
    found.call = found.belongs == Belongs::to_call ? found.call : nullptr;
    return found;
}

void SessionCore::accept_request(const Envelope& envelope) {
    if (output_->closed() || output_->backlog_bytes() > unread_max_bytes) {
        return;
    }
    if (envelope.method == "ping") {
        append_empty_result(envelope.id, output_->buffer());
    } else if (era_ == Era::legacy && asks_client(envelope.method)) {
        accept_input(envelope);
    } else {
        append_method_not_found(envelope.id, envelope.method, output_->buffer());
    }
    output_->flush_soon();
}

void SessionCore::accept_input(const Envelope& envelope) {
    if (!std::exchange(input_seen_, true) && events_.on_input_seen) {
        events_.on_input_seen();
    }
    std::string& out = output_->buffer();
    if (end_reason_ || output_->closed()) {
        return;
    }
    if (inputs_.holds(envelope.id)) {
        append_refusal(envelope.id, question_invalid, "a request with this id is open", out);
        return;
    }
    if (envelope.params.starts_with('[')) {
        append_refusal(envelope.id, question_params_invalid, "params must be an object", out);
        return;
    }
    if (inputs_.full() || envelope.params.size() > input_max_bytes) {
        append_refusal(envelope.id, question_refused,
                       inputs_.full() ? "too many questions to the client are open"
                                      : "the question to the client is too long",
                       out);
        return;
    }
    const Attributed to = attribute();
    if (to.belongs == Belongs::to_nobody) {
        ++counters_.unattributed;
        append_refusal(envelope.id, question_refused,
                       "the gateway cannot tell which client's call this is about: this process "
                       "serves several clients, and none or several of their calls may be meant",
                       out);
        return;
    }
    const bool heard = to.call != nullptr ? to.call->call.on_input != nullptr
                                          : events_.on_unsolicited_input != nullptr;
    if (heard) {
        open_input(envelope, to.call);
    } else {
        append_method_not_found(envelope.id, envelope.method, out);
    }
}

void SessionCore::open_input(const Envelope& envelope, PendingCall* pending) {
    auto request = std::make_shared<InputRequest>();
    request->method = envelope.method;
    if (!envelope.params.empty()) {
        request->params = envelope.params;
    }
    const std::uint64_t serial = inputs_.add({0, std::string(envelope.id), request, pending});
    request->set_answer_handler(
        [weak = weak_from_this(), serial](const std::string& result, const std::string& error) {
            if (const auto core = weak.lock()) {
                core->settle_input(serial, result, error);
            }
        });
    if (pending == nullptr) {
        events_.on_unsolicited_input(std::move(request));
        return;
    }
    if (pending->open_inputs++ == 0) {
        rest_deadline(*pending);
    }
    // A copy, because the handler may end the call and drop what it was called through.
    const auto on_input = pending->call.on_input;
    on_input(std::move(request));
}

// Once the last question of a call is settled, its deadline goes on.
void SessionCore::release_input(const OpenInput<PendingCall>& input) {
    if (input.call != nullptr && --input.call->open_inputs == 0 && !input.call->done) {
        resume_deadline(*input.call);
    }
}

void SessionCore::settle_input(std::uint64_t serial, std::string_view result,
                               std::string_view error) {
    const auto input = inputs_.take(serial);
    if (!input || end_reason_) {
        return;
    }
    release_input(*input);
    if (output_->closed()) {
        return;
    }
    if (result.empty() && error.empty()) {
        append_refusal(input->raw_id, question_refused, "the client gave no answer",
                       output_->buffer());
    } else {
        append_answer(input->raw_id, result, result.empty() ? error : std::string_view(),
                      output_->buffer());
    }
    output_->flush_soon();
}

void SessionCore::withdraw_named(std::string_view raw_id) {
    if (const auto input = inputs_.take_named(raw_id)) {
        release_input(*input);
        input->request->withdraw();
    }
}

// The call has ended: the client need not answer any more, and the connector must not wait for it.
void SessionCore::withdraw_inputs_of(PendingCall& pending) {
    while (const auto input = inputs_.take_of(pending)) {
        release_input(*input);
        input->request->withdraw();
        if (!end_reason_ && !output_->closed()) {
            append_refusal(input->raw_id, question_refused, "the call this was about has ended",
                           output_->buffer());
            output_->flush_soon();
        }
    }
}

void SessionCore::accept_notification(const Envelope& envelope) {
    const std::string_view method = envelope.method;
    if (method == "notifications/progress") {
        accept_progress(envelope.params);
    } else if (method == "notifications/message") {
        accept_log(envelope.params);
    } else if (method == "notifications/cancelled") {
        accept_cancelled(envelope.params);
    } else if (method == "notifications/subscriptions/acknowledged") {
        accept_acknowledged(envelope.params);
    } else {
        accept_notice(method, envelope.params);
    }
}

void SessionCore::accept_progress(std::string_view params) {
    const auto token = find_member(params, "progressToken");
    const PendingCall* const pending = token ? in_flight_.find(*token) : nullptr;
    if (pending != nullptr && pending->call.on_progress) {
        // A copy, because the handler may end the call and drop what it was called through.
        const auto on_progress = pending->call.on_progress;
        on_progress(params);
    }
}

// MCP gives a log no id of the call it is about, in neither era.
void SessionCore::accept_log(std::string_view params) {
    if (events_.on_log) {
        events_.on_log(params);
    }
    const Attributed to = attribute();
    if (to.call != nullptr && to.call->call.on_log) {
        if (wants_log(to.call->call, era_, params)) {
            const auto on_log = to.call->call.on_log;
            on_log(params);
        }
    } else if (options_.single_session) {
        if (events_.on_notice) {
            events_.on_notice("notifications/message", params);
        }
    } else if (to.belongs == Belongs::to_nobody) {
        ++counters_.unattributed;
    }
}

void SessionCore::accept_cancelled(std::string_view params) {
    const auto raw_id = find_member(params, "requestId");
    if (!raw_id) {
        return;
    }
    withdraw_named(*raw_id);
    const auto stream = upstream_id_of(*raw_id);
    if (era_ == Era::modern && stream) {
        stream_ended(*stream);
    }
}

void SessionCore::accept_notice(std::string_view method, std::string_view params) {
    if (from_dead_stream(params)) {
        return;
    }
    const auto changed = lists_changed_by(method);
    for (const ListKind kind : changed) {
        if (events_.on_list_changed) {
            events_.on_list_changed(kind);
        }
    }
    if (changed.empty() && events_.on_notice &&
        (options_.single_session || names_its_subject(method))) {
        const std::string own =
            era_ == Era::modern ? without_meta_member(params, meta_keys::subscription_id) : "";
        events_.on_notice(method, era_ == Era::modern ? std::string_view(own) : params);
    }
}

} // namespace gatehouse::runtime
