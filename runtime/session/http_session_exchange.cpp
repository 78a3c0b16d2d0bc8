// One request over HTTP and its answer: as JSON, or as a stream of events that may be resumed.
#include "runtime/http_client/http_failures.hpp"
#include "runtime/session/failures.hpp"
#include "runtime/session/http_session_core.hpp"
#include "runtime/session/json_scan.hpp"
#include "runtime/session/request_meta.hpp"
#include "runtime/session/request_text.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <charconv>

namespace gatehouse::runtime {

namespace {

constexpr std::string_view both_kinds = "application/json, text/event-stream";
constexpr std::chrono::seconds note_max{10};
constexpr std::chrono::seconds drain_max{1};
constexpr std::size_t drain_max_bytes = 64ULL << 10;
// Between a broken stream and its resumption, if the server did not say how long.
constexpr std::chrono::milliseconds resume_wait{1'000};
// Resumptions in a row that brought no event.
constexpr int fruitless_max_count = 10;
constexpr std::string_view header_mismatch = "-32020";
constexpr long retry_after_max_s = 86'400;

// Running it twice does no harm.
bool may_repeat(std::string_view method) {
    return method.ends_with("/list") || method == "ping" || method == "server/discover" ||
           method == "initialize";
}

std::optional<std::chrono::milliseconds> retry_after_of(const HttpExchange& exchange) {
    const std::string_view text = exchange.header("retry-after");
    long seconds = 0;
    const auto [stopped, failure] =
        std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (text.empty() || failure != std::errc() || seconds < 0) {
        return std::nullopt;
    }
    return std::chrono::seconds(std::min(seconds, retry_after_max_s));
}

// What the status itself says, whatever the body holds; an empty code for nothing.
std::optional<Error> failure_of_status(const HttpTarget& target, unsigned status) {
    if (status == 401) {
        return http_failures::credential_refused(target);
    }
    if (status == 403) {
        return http_failures::access_refused(target);
    }
    if (status == 429) {
        return http_failures::rate_limited(target);
    }
    return status >= 500 ? std::optional(http_failures::server_error(target, status))
                         : std::nullopt;
}

} // namespace

std::string_view error_in_answer(std::string_view text) {
    if (!validate_json(text) || find_member(text, "method") || find_member(text, "result")) {
        return {};
    }
    const auto error = find_member(text, "error");
    return error && error->starts_with('{') && find_member(*error, "code") ? *error
                                                                           : std::string_view();
}

HttpClientRequest HttpSessionCore::legacy_request(std::string method, std::string body) const {
    HttpClientRequest request;
    request.method = std::move(method);
    request.body = std::move(body);
    if (request.method == "POST") {
        request.headers.emplace_back("Content-Type", "application/json");
        request.headers.emplace_back("Accept", both_kinds);
    } else {
        request.repeatable = true;
        request.headers.emplace_back("Accept", "text/event-stream");
    }
    if (!protocol_version_.empty()) {
        request.headers.emplace_back("MCP-Protocol-Version", protocol_version_);
    }
    if (!session_id_.empty()) {
        request.headers.emplace_back("Mcp-Session-Id", session_id_);
    }
    return request;
}

void HttpSessionCore::add_modern_headers(const ConnectorCall& call, HeaderList& headers) const {
    headers.emplace_back("Content-Type", "application/json");
    headers.emplace_back("Accept", both_kinds);
    headers.emplace_back("MCP-Protocol-Version", modern_protocol_version);
    headers.emplace_back("Mcp-Method", call.method);
    const std::string_view member = named_member(call.method);
    const auto literal = member.empty() ? std::nullopt : find_member(call.params, member);
    const auto name = literal ? string_value(*literal) : std::nullopt;
    if (!name) {
        return;
    }
    headers.emplace_back("Mcp-Name", header_value_of(*name));
    const auto annotated = param_headers_.find(*name);
    if (call.method == "tools/call" && annotated != param_headers_.end()) {
        append_param_headers(annotated->second, find_member(call.params, "arguments").value_or(""),
                             headers);
    }
}

// The next message for the call, with an id that was never used.
HttpClientRequest HttpSessionCore::post_of(HttpCall& pending) {
    in_flight_.erase(pending.id);
    pending.id = next_id_++;
    in_flight_.emplace(pending.id, &pending);
    RequestText text;
    text.id = pending.id;
    text.method = pending.call.method;
    text.params = pending.call.params;
    text.with_progress_token = pending.call.on_progress != nullptr;
    std::string meta;
    if (era_ == Era::modern) {
        append_modern_meta(pending.call, meta);
        text.meta = meta;
    }
    std::string body;
    body.reserve(pending.call.params.size() + meta.size() + 256);
    append_request(text, body);
    body.pop_back(); // the newline of the other transport
    HttpClientRequest request;
    if (era_ == Era::modern) {
        add_modern_headers(pending.call, request.headers);
        request.body = std::move(body);
    } else {
        request = legacy_request("POST", std::move(body));
    }
    pending.session = era_ == Era::modern ? "" : session_id_;
    request.repeatable = may_repeat(pending.call.method);
    request.head_until = pending.deadline;
    request.limit = pending.limit;
    return request;
}

Task<HttpSessionCore::Again> HttpSessionCore::exchange(Core core, HttpCall& pending) {
    pending.posted = true;
    auto asking = core->client_.request(core->post_of(pending));
    HttpReply answer = co_await std::move(asking);
    if (pending.done) {
        co_return Again::no;
    }
    if (!answer.exchange) {
        core->fail(pending, std::move(answer.failure), answer.sent);
        co_return Again::no;
    }
    HttpExchange& exchange = *answer.exchange;
    pending.reply.retry_after = retry_after_of(exchange);
    if (exchange.status() == 404 && !pending.session.empty() && pending.may_renew) {
        exchange.try_finish();
        co_return Again::in_new_session;
    }
    if (pending.call.method == "initialize") {
        core->offered_session_ = exchange.header("mcp-session-id");
    }
    if (exchange.is_event_stream()) {
        auto reading = read_stream(core, pending, std::move(answer.exchange));
        co_await std::move(reading);
        co_return Again::no;
    }
    auto reading = exchange.read_all(core->options_.frame_max_bytes, pending.deadline);
    Result<std::string> body = co_await std::move(reading);
    if (!body) {
        core->fail(pending, std::move(body).error(), HttpSent::may_have_run);
        co_return Again::no;
    }
    co_return core->accept_body(pending, exchange, std::move(*body));
}

HttpSessionCore::Again HttpSessionCore::accept_body(HttpCall& pending, const HttpExchange& exchange,
                                                    std::string body) {
    const unsigned status = exchange.status();
    if (pending.done) {
        return Again::no;
    }
    if (auto failure = failure_of_status(client_.target(), status)) {
        fail(pending, std::move(*failure),
             status < 500 ? HttpSent::never_sent : HttpSent::may_have_run);
        return Again::no;
    }
    const bool refused = status / 100 == 4;
    if (refused && error_in_answer(body).empty()) {
        // 408 and 409 are given in the middle of the work; the other refusals before it.
        fail(pending, http_failures::unexpected_status(client_.target(), status),
             status == 408 || status == 409 ? HttpSent::may_have_run : HttpSent::never_sent);
        return Again::no;
    }
    if (body.empty()) {
        fail(pending,
             failures::wrong_answer("the connector's server answered without a message",
                                    "HTTP status " + std::to_string(status)),
             HttpSent::may_have_run);
        return Again::no;
    }
    return accept_answer(pending, std::move(body));
}

// The text answers the call: its id need not be right for an error, because the POST names the
// call.
HttpSessionCore::Again HttpSessionCore::accept_answer(HttpCall& pending, std::string text) {
    ++counters_.received;
    const Result<Envelope> envelope = read_envelope(text);
    const bool is_result = envelope && !envelope->result.empty();
    std::string_view value = is_result ? envelope->result : error_in_answer(text);
    if (is_result && envelope->id != std::to_string(pending.id)) {
        ++counters_.unknown_ids;
        value = {};
    }
    if (!value.starts_with('{')) {
        fail(pending,
             failures::answer_unreadable(envelope ? "it answers something else"
                                                  : envelope.error().why),
             HttpSent::may_have_run);
        return Again::no;
    }
    const bool mismatch = !is_result && find_member(value, "code") == header_mismatch;
    if (mismatch && era_ == Era::modern && pending.may_refresh &&
        pending.call.method == "tools/call") {
        return Again::with_new_headers;
    }
    pending.reply.body_offset = static_cast<std::size_t>(value.data() - text.data());
    pending.reply.body_length = value.size();
    pending.reply.frame = std::move(text);
    finish(pending, is_result ? CallEnd::result : CallEnd::error, Error());
    return Again::no;
}

Task<void> HttpSessionCore::read_stream(Core core, HttpCall& pending,
                                        std::unique_ptr<HttpExchange> exchange) {
    StreamPosition position;
    for (int fruitless = 0; !pending.done;) {
        Error failure =
            http_failures::broken(core->client_.target(), "the stream ended without an answer");
        const std::uint64_t events_before = position.events_count;
        if (exchange) {
            auto reading = read_events(core, &pending, *exchange, position);
            Result<void> read = co_await std::move(reading);
            if (pending.done) {
                core->release_exchange(std::move(exchange));
                co_return;
            }
            if (!read) {
                failure = std::move(read).error();
            }
            exchange.reset();
        }
        fruitless = position.events_count > events_before ? 0 : fruitless + 1;
        const bool resumable = core->era_ == Era::legacy && !position.last_event_id.empty() &&
                               !failure.code.starts_with("GH-M") &&
                               fruitless <= fruitless_max_count;
        if (!resumable || pending.limit->cut() != WaitCut::none || core->end_reason_) {
            core->fail(pending, std::move(failure), HttpSent::may_have_run);
            co_return;
        }
        pending.limit->set_deadline(pending.deadline);
        auto pausing = pause(core, pending.limit, position.retry.value_or(resume_wait));
        co_await std::move(pausing);
        auto resuming = resume(core, pending, position);
        exchange = co_await std::move(resuming);
    }
}

// Null, and the call perhaps done, if the stream could not be resumed now.
Task<std::unique_ptr<HttpExchange>> HttpSessionCore::resume(Core core, HttpCall& pending,
                                                            const StreamPosition& position) {
    if (pending.done) {
        co_return nullptr;
    }
    HttpClientRequest request = core->legacy_request("GET", "");
    request.headers.emplace_back("Last-Event-ID", position.last_event_id);
    request.head_until = pending.deadline;
    request.limit = pending.limit;
    auto asking = core->client_.request(std::move(request));
    HttpReply answer = co_await std::move(asking);
    if (pending.done) {
        co_return nullptr;
    }
    if (!answer.exchange) {
        if (pending.limit->cut() != WaitCut::none || core->end_reason_) {
            core->fail(pending, std::move(answer.failure), HttpSent::may_have_run);
        }
        co_return nullptr;
    }
    const unsigned status = answer.exchange->status();
    if (answer.exchange->is_event_stream()) {
        co_return std::move(answer.exchange);
    }
    if (status < 500 && status != 429) {
        core->fail(pending,
                   http_failures::broken(core->client_.target(),
                                         "the stream broke, and its resumption was refused with "
                                         "HTTP status " +
                                             std::to_string(status)),
                   HttpSent::may_have_run);
    }
    co_return nullptr;
}

Task<Result<void>> HttpSessionCore::read_events(Core core, HttpCall* from, HttpExchange& exchange,
                                                StreamPosition& position) {
    constexpr std::chrono::minutes silence_max{10}; // of a stream of no call
    SseReader reader(core->options_.frame_max_bytes, position.last_event_id);
    for (;;) {
        const SteadyTime now = std::chrono::steady_clock::now();
        auto reading = exchange.read_some(from != nullptr ? from->deadline : now + silence_max);
        Result<std::optional<std::string_view>> piece = co_await std::move(reading);
        if (!piece) {
            co_return std::move(piece).error();
        }
        if (!*piece) {
            co_return Result<void>();
        }
        std::string_view rest = **piece;
        while (!rest.empty()) {
            Result<std::size_t> used = reader.read(rest);
            if (!used) {
                co_return std::move(used).error();
            }
            rest.remove_prefix(*used);
            auto event = reader.take();
            position.last_event_id = reader.last_event_id();
            position.retry = reader.retry() ? reader.retry() : position.retry;
            position.events_count += event ? 1 : 0;
            // The first event of a stream may be empty, and only there for its id.
            if (event && !event->data.empty() &&
                (event->type.empty() || event->type == "message")) {
                core->accept_message(from, std::move(event->data));
            }
            if (core->end_reason_ || (from != nullptr && from->done)) {
                co_return Result<void>();
            }
        }
    }
}

// A notification, or an answer to a question of the connector.
Task<void> HttpSessionCore::post_note(Core core, std::string body) {
    while (body.ends_with('\n')) {
        body.pop_back();
    }
    HttpClientRequest request = core->legacy_request("POST", std::move(body));
    request.head_until = std::chrono::steady_clock::now() + note_max;
    auto asking = core->client_.request(std::move(request));
    HttpReply answer = co_await std::move(asking);
    if (answer.exchange) {
        auto draining = drain(core, std::move(answer.exchange));
        co_await std::move(draining);
    }
}

// Reads what little is left of an answer, so that its connection can be used again.
Task<void> HttpSessionCore::drain(Core, std::unique_ptr<HttpExchange> exchange) {
    auto reading =
        exchange->read_all(drain_max_bytes, std::chrono::steady_clock::now() + drain_max);
    const Result<std::string> ignored = co_await std::move(reading);
}

void HttpSessionCore::release_exchange(std::unique_ptr<HttpExchange> exchange) {
    if (!exchange->try_finish() && !end_reason_) {
        in_background("rest of an answer", drain(shared_from_this(), std::move(exchange)));
    }
}

Task<void> HttpSessionCore::pause(Core core, std::shared_ptr<WaitLimit> limit,
                                  std::chrono::milliseconds time) {
    auto timer = std::make_shared<asio::steady_timer>(core->executor_, time);
    limit->set_interrupt([weak = std::weak_ptr<asio::steady_timer>(timer)] {
        if (const auto alive = weak.lock()) {
            alive->cancel();
        }
    });
    if (limit->cut() == WaitCut::none) {
        boost::system::error_code ignored;
        auto token = asio::redirect_error(asio::use_awaitable, ignored);
        co_await timer->async_wait(token);
    }
    limit->set_interrupt(nullptr);
}

} // namespace gatehouse::runtime
