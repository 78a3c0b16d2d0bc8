// What an HTTP connector says of its own accord: requests and notifications. On the stream of a
// call it belongs to that call; on other streams the rules of attribution.hpp hold.
#include "runtime/session/failures.hpp"
#include "runtime/session/http_session_core.hpp"
#include "runtime/session/id_guess.hpp"
#include "runtime/session/json_scan.hpp"
#include "runtime/session/open_inputs.hpp"
#include "runtime/session/request_meta.hpp"
#include "runtime/session/request_text.hpp"

#include <algorithm>

namespace gatehouse::runtime {

namespace {

constexpr int question_refused = -32603;
constexpr int question_invalid = -32600;
constexpr int question_params_invalid = -32602;

bool is_question_to_client(std::string_view method) {
    return method == "elicitation/create" || method == "sampling/createMessage" ||
           method == "roots/list";
}

// Known to be safe to hand on: each names what it is about by an id or a URI that its reader knows.
bool tells_its_subject(std::string_view method) {
    return method == "notifications/resources/updated" || method == "notifications/tasks/status" ||
           method == "notifications/elicitation/complete";
}

// The same id may be spelled with other escapes in a notification than in the request.
bool is_same_id(std::string_view a, std::string_view b) {
    return a == b ||
           (a.starts_with('"') && b.starts_with('"') && string_value(a) == string_value(b));
}

} // namespace

void HttpSessionCore::accept_message(HttpCall* from, std::string text) {
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
    const bool own = only != nullptr && only->call.caller == nullptr && !only->call.on_input &&
                     !only->call.on_log;
    if (only == nullptr || (options_.single_session && own)) {
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
    if (is_question_to_client(envelope.method)) {
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
    const bool known = std::any_of(inputs_.begin(), inputs_.end(), [&](const HttpInput& input) {
        return is_same_id(input.raw_id, envelope.id);
    });
    const Attributed to = attribute(from);
    const bool heard = to.call != nullptr ? to.call->call.on_input != nullptr
                                          : events_.on_unsolicited_input != nullptr;
    if (known) {
        answer_refusal(envelope.id, question_invalid, "a request with this id is open");
    } else if (envelope.params.starts_with('[')) {
        answer_refusal(envelope.id, question_params_invalid, "params must be an object");
    } else if (inputs_.size() >= open_inputs_max_count) {
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
    const std::uint64_t serial = ++last_serial_;
    inputs_.push_back(HttpInput{serial, std::string(envelope.id), request, to});
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

std::optional<HttpInput>
HttpSessionCore::take_input(const std::function<bool(const HttpInput&)>& wanted) {
    const auto found = std::find_if(inputs_.begin(), inputs_.end(), wanted);
    if (found == inputs_.end()) {
        return std::nullopt;
    }
    std::optional<HttpInput> taken(std::move(*found));
    inputs_.erase(found);
    return taken;
}

// Once the last question of a call is settled, its deadline goes on.
void HttpSessionCore::release_input(const HttpInput& input) {
    if (input.call != nullptr && --input.call->open_inputs == 0 && !input.call->done) {
        resume_deadline(*input.call);
    }
}

void HttpSessionCore::settle_input(std::uint64_t serial, const std::string& result,
                                   const std::string& error) {
    const auto input =
        take_input([serial](const HttpInput& open) { return open.serial == serial; });
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
    while (const auto input =
               take_input([&](const HttpInput& open) { return open.call == &pending; })) {
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
        const auto input = take_input(
            [&](const HttpInput& open) { return raw_id && is_same_id(open.raw_id, *raw_id); });
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
        if (wants_log(to.call->call, params)) {
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

// A legacy connector's level is the most verbose that any call wanted, so each call has its filter.
bool HttpSessionCore::wants_log(const ConnectorCall& call, std::string_view params) const {
    const auto least = severity_of(call.log_level);
    if (!least) {
        return era_ == Era::legacy;
    }
    const auto literal = find_member(params, "level");
    const auto level = literal ? string_value(*literal) : std::nullopt;
    const auto severity = level ? severity_of(*level) : std::nullopt;
    return !severity || *severity >= *least;
}

void HttpSessionCore::accept_notice(std::string_view method, std::string_view params) {
    const auto changed = [this](ListKind kind) {
        if (events_.on_list_changed) {
            events_.on_list_changed(kind);
        }
    };
    if (method == "notifications/tools/list_changed") {
        changed(ListKind::tools);
    } else if (method == "notifications/prompts/list_changed") {
        changed(ListKind::prompts);
    } else if (method == "notifications/resources/list_changed") {
        // Templates have no notification of their own.
        changed(ListKind::resources);
        changed(ListKind::resource_templates);
    } else if (events_.on_notice && (options_.single_session || tells_its_subject(method))) {
        const std::string own =
            era_ == Era::modern ? without_meta_member(params, meta_keys::subscription_id) : "";
        events_.on_notice(method, era_ == Era::modern ? std::string_view(own) : params);
    }
}

} // namespace gatehouse::runtime
