// Several messages in one POST: only in sessions of 2025-03-26.
#include "gateway/pipeline/endpoint.hpp"
#include "runtime/session/json_scan.hpp"

#include <utility>

namespace gatehouse::gateway {

namespace {

constexpr std::size_t batch_max_count = 64;

McpRefusal refused_batch(std::string why) {
    return McpRefusal{400, rpc_invalid_request, std::move(why), ""};
}

} // namespace

// MCP 2025-03-26: several messages in one POST, answered together.
Task<void> McpEndpoint::answer_batch(SharedExchange exchange, HttpResponder& responder) {
    auto found = session_of(*exchange->routed);
    auto refusal = std::get_if<McpRefusal>(&found) != nullptr
                       ? std::optional(std::get<McpRefusal>(found))
                       : std::nullopt;
    const std::string_view body = exchange->http.body;
    if (!refusal && !std::get<SharedSession>(found)->has_batches()) {
        refusal = refused_batch("a batch is only for sessions of 2025-03-26: send one message");
    }
    if (!refusal && !runtime::validate_json(body)) {
        refusal = McpRefusal{400, rpc_parse_error, "the body is not JSON", ""};
    }
    std::vector<std::string_view> texts;
    if (!refusal) {
        texts = *runtime::array_elements(body);
        if (texts.empty() || texts.size() > batch_max_count) {
            refusal = refused_batch("a batch has 1 to 64 messages");
        }
    }
    if (refusal) {
        HttpReply refused = refusal_reply("null", *refusal);
        co_await responder.send(std::move(refused));
        co_return;
    }
    const SharedSession session = std::get<SharedSession>(found);
    const auto output = std::make_shared<BatchOutput>(executor_);
    std::vector<SharedExchange> parts;
    for (const std::string_view text : texts) {
        if (auto part = take_part(*exchange, text, session, *output)) {
            parts.push_back(std::move(part));
        }
    }
    for (SharedExchange& part : parts) {
        output->expect_part();
        batch_parts_.spawn("part of a batch", run_part(*this, std::move(part), session, output));
    }
    auto delivering = BatchOutput::deliver(output, responder);
    co_await std::move(delivering);
}

// One message through admission and decoding; null if it needs no coroutine.
McpEndpoint::SharedExchange McpEndpoint::take_part(const Exchange& whole, std::string_view text,
                                                   const SharedSession& to, BatchOutput& output) {
    auto part = std::make_shared<Exchange>();
    part->http.method = whole.http.method;
    part->http.target = whole.http.target;
    part->http.peer = whole.http.peer;
    part->http.headers = whole.http.headers;
    part->http.body = text;
    if (is_batch(part->http.body)) {
        output.add(refusal_reply("null", refused_batch("a batch within a batch")));
        return nullptr;
    }
    if (auto reply = admit_and_decode(*part)) {
        output.add(std::move(*reply));
        return nullptr;
    }
    const McpMessage& message = part->message;
    if (message.era == Era::modern || message.envelope.method == "initialize") {
        output.add(refusal_reply(message.reply_id(), refused_batch("not in a batch")));
        return nullptr;
    }
    if (message.envelope.kind != runtime::MessageKind::request) {
        accept_notification(*to, message);
        return nullptr;
    }
    return part;
}

Task<void> McpEndpoint::run_part(McpEndpoint& self, SharedExchange part, SharedSession session,
                                 std::shared_ptr<BatchOutput> output) {
    BatchPart responder(*output);
    auto answering = self.answer_request(std::move(part), std::move(session), responder);
    co_await std::move(answering);
}

} // namespace gatehouse::gateway
