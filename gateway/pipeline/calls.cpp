#include "gateway/pipeline/calls.hpp"

#include "runtime/session/json_scan.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <utility>

namespace gatehouse::gateway {

namespace {

constexpr std::size_t stream_backlog_max_bytes = 1U << 20;
constexpr auto learn_deadline = std::chrono::seconds(60);
constexpr auto stream_keep_alive = std::chrono::seconds(15);

std::string unknown_tool_text(const std::string& name) {
    return "Unknown tool: " + name.substr(0, 256);
}

HttpReply busy_reply(std::string_view id) {
    McpRefusal busy{503, rpc_connector_failed,
                    "GH-R706 too many calls in flight at this gateway. Try again shortly",
                    R"({"code":"GH-R706","delivery":"never_sent","retry_after_ms":1000})"};
    return refusal_reply(id, busy);
}

// The call did not go on.
HttpReply unrecorded_intent_reply(const McpCall& call, Error failure) {
    runtime::CallReply reply;
    reply.failure = std::move(failure);
    reply.retry_after = std::chrono::seconds(1);
    HttpReply refused =
        connector_reply(call.message().reply_id(), call.message().era, std::move(reply));
    refused.status = 503;
    return refused;
}

// The call was made; its answer may not leave without its record.
HttpReply unrecorded_outcome_reply(const McpCall& call, Error failure) {
    runtime::CallReply reply;
    reply.end = runtime::CallEnd::may_have_run;
    reply.failure = std::move(failure);
    return connector_reply(call.message().reply_id(), call.message().era, std::move(reply));
}

// Counts a call in for as long as the coroutine that holds it lives, however it ends.
class CountedIn {
  public:
    explicit CountedIn(std::uint32_t& count) : count_(count) { ++count_; }
    ~CountedIn() { --count_; }
    CountedIn(const CountedIn&) = delete;
    CountedIn& operator=(const CountedIn&) = delete;

  private:
    std::uint32_t& count_;
};

} // namespace

// What the call's coroutine and the writer of the client's stream share.
struct Calls::Stream {
    explicit Stream(const Executor& executor) : wake(executor) {}
    std::deque<std::string> events;
    std::size_t backlog_bytes = 0;
    std::optional<HttpReply> reply;
    asio::steady_timer wake;

    void push(std::string event) {
        // A client that does not read loses progress, never the answer.
        if (backlog_bytes + event.size() <= stream_backlog_max_bytes) {
            backlog_bytes += event.size();
            events.push_back(std::move(event));
            wake.cancel();
        }
    }
};

Calls::Calls(Executor executor, CallServices services)
    : executor_(executor), services_(services), authorize_(services.policy),
      attach_credential_(services.vault, services.directory), record_intent_(services.journal),
      streams_(executor) {}

Task<void> Calls::answer(std::shared_ptr<const Exchange> exchange,
                             std::shared_ptr<ClientSession> session, HttpResponder& responder) {
    const std::uint64_t body_bytes = exchange->http.body.size();
    if (in_flight_ >= services_.calls_in_flight_max ||
        *bodies_in_flight_bytes_ + body_bytes > services_.bodies_in_flight_max_bytes) {
        return responder.send(busy_reply(exchange->message.reply_id()));
    }
    auto call = std::make_shared<McpCall>();
    call->held = HeldBytes(bodies_in_flight_bytes_, body_bytes);
    call->exchange = std::move(exchange);
    call->session = std::move(session);
    if (!resolve(*call) && !call->name.empty()) {
        return learn_and_answer(std::move(call), responder);
    }
    return answer_resolved(std::move(call), responder);
}

// The tool may belong to a connector that has not run yet.
Task<void> Calls::learn_and_answer(std::shared_ptr<McpCall> call, HttpResponder& responder) {
    {
        const CountedIn counted(in_flight_);
        co_await call->request().server().learn(call->name, learn_deadline);
    }
    find_tool(*call);
    co_await answer_resolved(std::move(call), responder);
}

Task<void> Calls::answer_resolved(SharedCall call, HttpResponder& responder) {
    const CountedIn counted(in_flight_);
    auto upstream = std::make_shared<runtime::ConnectorCall>();
    register_call(*call, upstream);
    if (call->message().era == Era::modern) {
        // MCP 2026-07-28: closing the answer's stream is the cancellation.
        auto cancel = [upstream] { upstream->cancel("the client disconnected"); };
        responder.on_disconnect(std::move(cancel));
    }
    if (!call->message().progress_token.empty()) {
        co_await answer_with_stream(std::move(call), std::move(upstream), responder);
        co_return;
    }
    HttpReply reply = co_await run(std::move(call), std::move(upstream));
    co_await responder.send(std::move(reply));
}

// False if the tool is not known.
bool Calls::resolve(McpCall& call) {
    call.id = CallId{++last_call_};
    const std::string_view params = call.message().envelope.params;
    const auto raw_name = runtime::find_member(params, "name");
    call.name = raw_name ? runtime::string_value(*raw_name).value_or("") : "";
    call.arguments = runtime::find_member(params, "arguments").value_or(std::string_view());
    return find_tool(call);
}

bool Calls::find_tool(McpCall& call) {
    call.tools = call.request().server().served();
    call.tool = call.tools->find(call.name);
    return call.tool != nullptr;
}

// Decided at once, so that a call that goes on needs no room for a refusal.
Task<HttpReply> Calls::run(SharedCall call,
                               std::shared_ptr<runtime::ConnectorCall> upstream) {
    auto authorized = authorize_(call);
    if (auto* denial = std::get_if<Denied>(&authorized)) {
        return refuse(std::move(call), std::move(*denial));
    }
    auto credentialed = attach_credential_(std::get<AuthorizedCall>(std::move(authorized)));
    if (auto* denial = std::get_if<Denied>(&credentialed)) {
        return refuse(std::move(call), std::move(*denial));
    }
    return carry_out(std::move(call), std::get<CredentialedCall>(std::move(credentialed)),
                     std::move(upstream));
}

// From the intent to the answer.
Task<HttpReply> Calls::carry_out(SharedCall call, CredentialedCall credentialed,
                                     std::shared_ptr<runtime::ConnectorCall> upstream) {
    auto journaled = co_await record_intent_(std::move(credentialed));
    if (!journaled) {
        forget_call(*call);
        co_return unrecorded_intent_reply(*call, std::move(journaled).error());
    }
    const SteadyTime started = services_.clock.steady_now();
    auto dispatched = dispatch(*journaled, std::move(upstream));
    runtime::CallReply reply = co_await std::move(dispatched);
    forget_call(*call);
    auto recording = record_outcome(*call, reply, started);
    const auto recorded = co_await std::move(recording);
    if (!recorded) {
        co_return unrecorded_outcome_reply(*call, recorded.error());
    }
    co_return connector_reply(call->message().reply_id(), call->message().era, std::move(reply));
}

Task<Result<std::uint64_t>> Calls::record_outcome(const McpCall& call,
                                                      const runtime::CallReply& reply,
                                                      SteadyTime started) {
    JournalRecord outcome = describe_call(call, RecordKind::outcome);
    describe_outcome(outcome, reply);
    outcome.latency_us = std::chrono::duration_cast<std::chrono::microseconds>(
                             services_.clock.steady_now() - started)
                             .count();
    return services_.journal.append(outcome);
}

Task<runtime::CallReply> Calls::dispatch(const JournaledCall& journaled,
                                             std::shared_ptr<runtime::ConnectorCall> upstream) {
    const McpCall& call = journaled.call();
    const ConnectorName& connector = call.tool->exposed->connector;
    upstream->id = call.id;
    upstream->method = "tools/call";
    upstream->params = upstream_params(call);
    upstream->deadline = services_.directory.call_timeout(connector);
    return services_.directory.call(connector, std::move(upstream));
}

Task<HttpReply> Calls::refuse(SharedCall shared, Denied denied) {
    const McpCall& call = *shared;
    Denial& denial = *denied;
    forget_call(call);
    auto writing = services_.journal.append(describe_denial(call, denial));
    const auto written = co_await std::move(writing);
    const std::string_view id = call.message().reply_id();
    if (!written) {
        McpRefusal refusal{503, rpc_connector_failed, to_text(written.error()), ""};
        co_return refusal_reply(id, refusal);
    }
    if (denial.answer == Denial::Answer::tool_error) {
        co_return tool_error_reply(id, call.message().era, denial.error);
    }
    if (denial.answer == Denial::Answer::header_mismatch) {
        co_return refusal_reply(id, denial.refusal);
    }
    if (denial.answer == Denial::Answer::failure) {
        runtime::CallReply failed;
        failed.failure = std::move(denial.error);
        co_return connector_reply(id, call.message().era, std::move(failed));
    }
    McpRefusal unknown{200, rpc_invalid_params, unknown_tool_text(call.name), ""};
    co_return refusal_reply(id, unknown);
}

Task<void> Calls::answer_with_stream(SharedCall call,
                                         std::shared_ptr<runtime::ConnectorCall> upstream,
                                         HttpResponder& responder) {
    auto stream = std::make_shared<Stream>(executor_);
    auto on_progress = [stream, exchange = call->exchange](std::string_view params) {
        std::string event = "event: message\ndata: ";
        event += progress_event(exchange->message.progress_token, params);
        event += "\n\n";
        stream->push(std::move(event));
    };
    upstream->on_progress = std::move(on_progress);
    std::vector<std::pair<std::string, std::string>> headers;
    headers.emplace_back("Cache-Control", "no-cache");
    headers.emplace_back("X-Accel-Buffering", "no");
    bool connected = co_await responder.start_stream(200, "text/event-stream", std::move(headers));
    streams_.spawn("tool call", run_into(std::move(call), std::move(upstream), stream));
    while (connected) {
        while (connected && !stream->events.empty()) {
            std::string event = std::move(stream->events.front());
            stream->events.pop_front();
            stream->backlog_bytes -= event.size();
            connected = co_await responder.write(std::move(event));
        }
        if (stream->reply) {
            HttpReply last = as_sse_event(std::move(*stream->reply));
            co_await responder.write_reply_body(std::move(last));
            break;
        }
        if (stream->events.empty()) {
            boost::system::error_code woken;
            stream->wake.expires_after(stream_keep_alive);
            auto token = asio::redirect_error(asio::use_awaitable, woken);
            co_await stream->wake.async_wait(token);
            if (!woken) {
                connected = co_await responder.write(": keep-alive\n\n");
            }
        }
    }
    co_await responder.finish();
}

Task<void> Calls::run_into(SharedCall call,
                               std::shared_ptr<runtime::ConnectorCall> upstream,
                               std::shared_ptr<Stream> stream) {
    HttpReply reply = co_await run(std::move(call), std::move(upstream));
    stream->reply = std::move(reply);
    stream->wake.cancel();
}

void Calls::register_call(const McpCall& call,
                              const std::shared_ptr<runtime::ConnectorCall>& upstream) {
    if (call.session != nullptr) {
        call.session->calls.emplace(call.message().reply_id(), CallInFlight{call.id, upstream});
    }
}

void Calls::forget_call(const McpCall& call) {
    if (call.session == nullptr) {
        return;
    }
    auto& calls = call.session->calls;
    const auto [first, last] = calls.equal_range(call.message().reply_id());
    for (auto entry = first; entry != last; ++entry) {
        if (entry->second.id == call.id) {
            calls.erase(entry);
            return;
        }
    }
}

Task<void> Calls::join() {
    co_await streams_.join();
}

} // namespace gatehouse::gateway
