// What an HTTP connector says of its own accord: requests and notifications. On the stream of a
// call it belongs to that call; on other streams the rules of attribution.hpp hold.
#include "runtime/session/connector_talk.hpp"
#include "runtime/session/failures.hpp"
#include "runtime/session/http_session_core.hpp"
#include "runtime/session/id_guess.hpp"
#include "runtime/session/json_scan.hpp"
#include "runtime/session/request_meta.hpp"
#include "runtime/session/request_text.hpp"

namespace gatehouse::runtime {

void HttpSessionCore::accept_message(HttpCall* from, std::string text) {
    ++counters_.received;
    const Result<Envelope> envelope = read_envelope(text);
    const bool is_call = envelope && envelope->kind != MessageKind::response;
    if (is_call && envelope->kind == MessageKind::request) {
        accept_request(from, *envelope);
        return;
    }
    if (is_call) {
        accept_notification(from, *envelope);
        return;
    }
    // An error on the stream of a call answers it, even without its id; a result needs the id, and
    // what is no message at all is passed over unless it was to be the answer.
    const std::string id = from != nullptr ? std::to_string(from->id) : "";
    const bool answers =
        from != nullptr && (!error_in_answer(text).empty() ||
                            (envelope ? envelope->id : envelope.error().where) == id);
    if (answers) {
        accept_answer(*from, std::move(text));
    } else {
        ++(envelope ? counters_.unknown_ids : counters_.stray_lines);
    }
}

HttpSessionCore::Attributed HttpSessionCore::attribute(HttpCall* from) const {
    const Belongs otherwise = options_.single_session ? Belongs::to_session : Belongs::to_nobody;
    if (from != nullptr) {
        const bool of_client = from->lane == HttpLane::shared;
        return Attributed{of_client ? Belongs::to_call : otherwise, of_client ? from : nullptr};
    }
    CallsAtWork at_work;
    at_work.calls_count = counters_.in_flight;
    at_work.abandoned_calls = abandoned_calls_;
    at_work.single_session = options_.single_session;
    HttpCall* only = nullptr;
    for (const auto& [id, pending] : in_flight_) {
        if (pending->lane == HttpLane::shared) {
            only = pending;
        } else if (pending->call.method == "resources/subscribe") {
            at_work.other_requests = true;
        }
    }
    // What the gateway asks itself is no client's: a session's own client may be meant.
    if (only == nullptr || (options_.single_session && is_gateways_own(only->call))) {
        return Attributed{otherwise, nullptr};
    }
    const Belongs belongs = whose(at_work);
    return Attributed{belongs, belongs == Belongs::to_call ? only : nullptr};
}

void HttpSessionCore::answer_refusal(std::string_view raw_id, int code, std::string_view why) {
    std::string body;
    append_refusal(raw_id, code, why, body);
    in_background("answer to a question", post_note(shared_from_this(), std::move(body)));
}

void HttpSessionCore::accept_request(HttpCall* from, const Envelope& envelope) {
    if (era_ == Era::modern) {
        ++counters_.stray_lines; // no server may ask, and no client may answer
        return;
    }
    if (asks_client(envelope.method)) {
        accept_input(from, envelope);
        return;
    }
    std::string body;
    if (envelope.method == "ping") {
        append_empty_result(envelope.id, body);
    } else {
        append_method_not_found(envelope.id, envelope.method, body);
    }
    in_background("answer to a request", post_note(shared_from_this(), std::move(body)));
}

void HttpSessionCore::accept_input(HttpCall* from, const Envelope& envelope) {
    if (!std::exchange(input_seen_, true) && events_.on_input_seen) {
        events_.on_input_seen();
    }
    if (end_reason_) {
        return;
    }
    const Attributed to = attribute(from);
    const bool heard = to.call != nullptr ? to.call->call.on_input != nullptr
                                          : events_.on_unsolicited_input != nullptr;
    if (inputs_.holds(envelope.id)) {
        answer_refusal(envelope.id, question_invalid, "a request with this id is open");
    } else if (envelope.params.starts_with('[')) {
        answer_refusal(envelope.id, question_params_invalid, "params must be an object");
    } else if (inputs_.full()) {
        answer_refusal(envelope.id, question_refused, "too many questions to the client are open");
    } else if (envelope.params.size() > input_max_bytes) {
        answer_refusal(envelope.id, question_refused, "the question to the client is too long");
    } else if (to.belongs == Belongs::to_nobody) {
        ++counters_.unattributed;
        answer_refusal(envelope.id, question_refused,
                       "the gateway cannot tell which client's call this is about: it did not "
                       "come on the stream of a call, and several calls may be meant, or none");
    } else if (!heard) {
        answer_refusal(envelope.id, -32601, "the client does not offer " + envelope.method);
    } else {
        open_input(to.call, envelope);
    }
}

void HttpSessionCore::open_input(HttpCall* to, const Envelope& envelope) {
    auto request = std::make_shared<InputRequest>();
    request->method = envelope.method;
    if (!envelope.params.empty()) {
        request->params = envelope.params;
    }
    const std::uint64_t serial = inputs_.add({0, std::string(envelope.id), request, to});
    request->set_answer_handler(
        [weak = weak_from_this(), serial](const std::string& result, const std::string& error) {
            if (const auto core = weak.lock()) {
                core->settle_input(serial, result, error);
            }
        });
    if (to == nullptr) {
        events_.on_unsolicited_input(std::move(request));
        return;
    }
    if (to->open_inputs++ == 0) {
        rest_deadline(*to);
    }
    // A copy, because the handler may end the call and drop what it was called through.
    const auto on_input = to->call.on_input;
    on_input(std::move(request));
}

// Once the last question of a call is settled, its deadline goes on.
void HttpSessionCore::release_input(const OpenInput<HttpCall>& input) {
    if (input.call != nullptr && --input.call->open_inputs == 0 && !input.call->done) {
        resume_deadline(*input.call);
    }
}

void HttpSessionCore::settle_input(std::uint64_t serial, const std::string& result,
                                   const std::string& error) {
    const auto input = inputs_.take(serial);
    if (!input || end_reason_) {
        return;
    }
    release_input(*input);
    if (result.empty() && error.empty()) {
        answer_refusal(input->raw_id, question_refused, "the client gave no answer");
        return;
    }
    std::string body;
    append_answer(input->raw_id, result, result.empty() ? std::string_view(error) : "", body);
    in_background("answer to a question", post_note(shared_from_this(), std::move(body)));
}

// The call has ended: the client need not answer any more, and the connector must not wait for it.
void HttpSessionCore::withdraw_inputs_of(HttpCall& pending) {
    while (const auto input = inputs_.take_of(pending)) {
        release_input(*input);
        input->request->withdraw();
        if (!end_reason_) {
            answer_refusal(input->raw_id, question_refused, "the call this was about has ended");
        }
    }
}

void HttpSessionCore::accept_notification(HttpCall* from, const Envelope& envelope) {
    const std::string_view method = envelope.method;
    if (method == "notifications/progress") {
        accept_progress(envelope.params);
    } else if (method == "notifications/message") {
        accept_log(from, envelope.params);
    } else if (method == "notifications/cancelled") {
        const auto raw_id = find_member(envelope.params, "requestId");
        const auto input = raw_id ? inputs_.take_named(*raw_id) : std::nullopt;
        if (input) {
            release_input(*input);
            input->request->withdraw();
        }
    } else {
        accept_notice(method, envelope.params);
    }
}

void HttpSessionCore::accept_progress(std::string_view params) {
    const auto token = find_member(params, "progressToken");
    const auto id = token ? upstream_id_of(*token) : std::nullopt;
    const auto found = id ? in_flight_.find(*id) : in_flight_.end();
    if (found != in_flight_.end() && found->second->call.on_progress) {
        const auto on_progress = found->second->call.on_progress;
        on_progress(params);
    }
}

void HttpSessionCore::accept_log(HttpCall* from, std::string_view params) {
    if (events_.on_log) {
        events_.on_log(params);
    }
    const Attributed to = attribute(from);
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

void HttpSessionCore::accept_notice(std::string_view method, std::string_view params) {
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
