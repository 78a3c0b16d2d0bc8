// A legacy connector that asks a modern client: the call is parked while the client gathers its
// answers, and taken up again by the request that brings them.
#include "gateway/pipeline/calls.hpp"
#include "gateway/pipeline/dialogue_rules.hpp"
#include "runtime/base/json.hpp"
#include "runtime/session/json_scan.hpp"

#include <utility>

namespace gatehouse::gateway {

namespace {

// The time during which a request waits for the call. If it ends without an answer or a place to
// park, nobody will ever come back: the call is given up.
class Attendance {
  public:
    Attendance(ParkedCall& call, Dialogue& dialogue) : call_(call) { call_.dialogue = &dialogue; }
    ~Attendance() {
        call_.dialogue = nullptr;
        if (!parked_ && !call_.reply) {
            call_.upstream->cancel("the client's request ended");
        }
    }
    Attendance(const Attendance&) = delete;
    Attendance& operator=(const Attendance&) = delete;
    void park() { parked_ = true; }

  private:
    ParkedCall& call_;
    bool parked_ = false;
};

// Whoever waits now hears it, as far as that request asked for it.
void hear(ParkedCall& parked, const McpMessage& first) {
    runtime::ConnectorCall& upstream = *parked.upstream;
    if (!first.progress_token.empty()) {
        upstream.on_progress = [at = &parked](std::string_view params) {
            const bool asked =
                at->dialogue != nullptr && !at->dialogue->call().message().progress_token.empty();
            if (asked) {
                at->dialogue->say(
                    progress_message(at->dialogue->call().message().progress_token, params));
            }
        };
    }
    if (!first.log_level.empty()) {
        upstream.on_log = [at = &parked](std::string_view params) {
            if (at->dialogue == nullptr) {
                return;
            }
            const std::string_view least = at->dialogue->call().message().log_level;
            if (!least.empty() && runtime::level_reaches(log_level_in(params), least)) {
                at->dialogue->say(log_message(params));
            }
        };
    }
}

Error parking_full(const McpCall& call) {
    return Error{"GH-R708", "too many calls wait for answers of their clients",
                 call.connector().str(),
                 "the connector asked the client, and there is no place to keep the call meanwhile",
                 "Answer or give up some of those that wait, and call again"};
}

} // namespace

bool Calls::may_park(const McpCall& call) const {
    const bool may_wait = call.method == "tools/call" || call.method == "prompts/get" ||
                          call.method == "resources/read";
    return call.message().era == Era::modern && may_wait && call.caller().answers_input &&
           known_era(call) != Era::modern;
}

Task<HttpReply> Calls::carry_parkable(Walk& walk, JournaledCall journaled) {
    auto parked = std::make_shared<ParkedCall>(executor_, *walk.call, walk.upstream);
    parked->dialogue = &walk.dialogue; // before the first word can be said
    const SteadyTime started = services_.clock.steady_now();
    listen_for_logs(*walk.call, *walk.upstream);
    hear(*parked, walk.call->message());
    walk.upstream->on_input = [at = parked.get()](std::shared_ptr<runtime::InputRequest> request) {
        // Those of the request that waits now; each says its own.
        const runtime::Caller& asked =
            at->dialogue != nullptr ? at->dialogue->call().caller() : *at->caller;
        auto missing = missing_capability(request->method, request->params, asked.capabilities);
        if (missing) {
            at->lack(std::move(*missing));
        } else {
            ParkedCall::ask(at->shared_from_this(), std::move(request));
        }
    };
    tasks_.spawn("parked call",
                 carry_parked(parked, dispatch(journaled, walk.round, walk.upstream)));
    auto attending = attend(walk, std::move(parked), started);
    HttpReply answer = co_await std::move(attending);
    co_return answer;
}

Task<void> Calls::carry_parked(std::shared_ptr<ParkedCall> parked,
                               Task<runtime::CallReply> dispatched) {
    runtime::CallReply reply = co_await std::move(dispatched);
    parked->upstream->on_progress = nullptr;
    parked->upstream->on_log = nullptr;
    parked->upstream->on_input = nullptr;
    parked->end(std::move(reply));
}

Task<HttpReply> Calls::resume(Walk& walk) {
    const SteadyTime started = services_.clock.steady_now();
    auto parked = parked_.take(walk.parked_name);
    if (parked == nullptr) {
        // It was there before the intent was written: another request was faster, or its time ran
        // out.
        runtime::CallReply gone;
        gone.failure = Error{"GH-M430", "the call is no longer waiting for this answer", "", "",
                             "Send the request again without requestState"};
        auto recording = record_outcome(*walk.call, gone, started);
        const auto recorded = co_await std::move(recording);
        McpRefusal refusal{200, rpc_invalid_params,
                           to_text(recorded ? gone.failure : recorded.error()), ""};
        co_return refusal_reply(walk.call->message().reply_id(), refusal);
    }
    walk.upstream = parked->upstream;
    parked->dialogue = &walk.dialogue;
    parked->answer(walk.call->input_responses);
    auto attending = attend(walk, std::move(parked), started);
    HttpReply answer = co_await std::move(attending);
    co_return answer;
}

// Until the call ends, or its connector asks and the call has a place to wait for the answers.
Task<HttpReply> Calls::attend(Walk& walk, std::shared_ptr<ParkedCall> parked, SteadyTime started) {
    Attendance attendance(*parked, walk.dialogue);
    // What is left unanswered is asked for again at once.
    bool gathered = !parked->questions.empty();
    do {
        co_await parked->wait_for_news();
        if (!std::exchange(gathered, true)) {
            co_await parked->gather(services_.dialogue.gather_window);
        }
    } while (!parked->reply && !parked->missing && parked->questions.empty());
    std::string name;
    if (!parked->reply && !parked->missing) {
        name = parked_.park(parked);
    }
    if (!name.empty()) {
        attendance.park();
        // The connector has it, or could not ask; and it may be large.
        std::string().swap(parked->upstream->params);
        runtime::CallReply asks;
        asks.end = runtime::CallEnd::result;
        auto recording = record_outcome(*walk.call, asks, started, ResultKind::input_required);
        const auto recorded = co_await std::move(recording);
        if (!recorded) {
            parked_.take(name);
            parked->upstream->cancel("the journal cannot be written");
            runtime::CallReply unrecorded;
            unrecorded.end = runtime::CallEnd::may_have_run;
            unrecorded.failure = recorded.error();
            co_return answer_of(walk, std::move(unrecorded));
        }
        co_return input_required_reply(walk, *parked, name);
    }
    const bool full = !parked->reply && !parked->missing;
    if (!parked->reply) {
        parked->upstream->cancel(full ? "too many calls wait for answers of their clients"
                                      : "it asks what the client cannot answer");
        co_await parked->wait_for_end();
    }
    walk.missing = parked->missing;
    runtime::CallReply reply = std::move(*parked->reply);
    if (full && reply.end == runtime::CallEnd::cancelled) {
        reply.failure = parking_full(*walk.call);
    }
    const ResultKind kind = result_kind(reply);
    auto recording = record_outcome(*walk.call, reply, started, kind);
    const auto recorded = co_await std::move(recording);
    if (!recorded) {
        reply = {};
        reply.end = runtime::CallEnd::may_have_run;
        reply.failure = recorded.error();
    }
    co_return answer_of(walk, std::move(reply), kind);
}

HttpReply Calls::input_required_reply(const Walk& walk, const ParkedCall& parked,
                                      const std::string& name) {
    const McpCall& call = *walk.call;
    const std::string digest = retry_digest(call.message().envelope.params);
    const std::string state = states_.seal(binding_of(call, digest), StateKind::parked, name);
    return result_reply(call.message().reply_id(),
                        R"({"resultType":"input_required","inputRequests":)" +
                            parked.input_requests() + ",\"requestState\":" + json_quote(state) +
                            "}");
}

} // namespace gatehouse::gateway
