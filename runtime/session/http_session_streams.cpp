// The streams beside the calls: a legacy server's GET stream, a modern one's subscriptions/listen;
// and the subscriptions to resources.
#include "runtime/base/log.hpp"
#include "runtime/session/failures.hpp"
#include "runtime/session/http_session_core.hpp"
#include "runtime/session/json_scan.hpp"
#include "runtime/session/json_text.hpp"
#include "runtime/session/request_meta.hpp"
#include "runtime/session/request_text.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>

namespace gatehouse::runtime {

namespace {

// Servers may hold back the head of a stream until they have something to say.
constexpr std::chrono::minutes stream_head_max{5};
constexpr std::chrono::milliseconds reconnect_min{1'000};
constexpr std::chrono::milliseconds reconnect_max{60'000};
// A stream that lived this long was no mistake: the next wait is short again.
constexpr std::chrono::seconds stream_life_good{5};
// The first call waits this long for the GET stream, because what belongs to the call may come
// there.
constexpr std::chrono::milliseconds get_stream_patience{1'000};
constexpr std::size_t subscribed_max_count = watched_max_count;

std::string uri_object(const std::string& uri) {
    std::string params = "{\"uri\":";
    append_quoted(uri, params);
    params.push_back('}');
    return params;
}

CallReply reply_with(CallEnd end, std::string body) {
    CallReply reply;
    reply.end = end;
    reply.era = Era::modern;
    reply.frame = std::move(body);
    reply.body_length = reply.frame.size();
    return reply;
}

CallReply refusal(std::string_view why) {
    std::string body = R"({"code":-32602,"message":)";
    append_quoted(why, body);
    body.push_back('}');
    return reply_with(CallEnd::error, std::move(body));
}

// The wait before a stream is opened again, doubled after each that brought nothing.
class Backoff {
  public:
    std::chrono::milliseconds next(bool was_good, std::chrono::milliseconds least) {
        wait_ = was_good ? reconnect_min : std::min(wait_ * 2, reconnect_max);
        return std::max(wait_, least);
    }

  private:
    std::chrono::milliseconds wait_ = reconnect_min / 2;
};

} // namespace

void HttpSessionCore::start_get_stream() {
    ++generation_;
    get_stream_known_ = false;
    if (get_stream_limit_) {
        get_stream_limit_->abort();
    }
    in_background("GET stream", keep_get_stream(shared_from_this(), generation_));
}

Task<void> HttpSessionCore::keep_get_stream(Core core, std::uint64_t generation) {
    StreamPosition position;
    Backoff backoff;
    while (!core->end_reason_ && core->generation_ == generation && !core->closing_) {
        const SteadyTime began = std::chrono::steady_clock::now();
        auto limit = std::make_shared<WaitLimit>(core->executor_);
        core->get_stream_limit_ = limit;
        HttpClientRequest request = core->legacy_request("GET", "");
        if (!position.last_event_id.empty()) {
            request.headers.emplace_back("Last-Event-ID", position.last_event_id);
        }
        request.head_until = began + stream_head_max;
        request.limit = limit;
        auto asking = core->client_.request(std::move(request));
        HttpReply answer = co_await std::move(asking);
        core->get_stream_known_ = true;
        core->get_stream_settled_.cancel();
        if (answer.exchange && !answer.exchange->is_event_stream()) {
            co_return; // the server offers none (405, and others say it in other ways)
        }
        if (answer.exchange && core->generation_ == generation) {
            auto reading = read_events(core, nullptr, *answer.exchange, position);
            const Result<void> ignored = co_await std::move(reading);
        }
        answer.exchange.reset();
        const bool good = std::chrono::steady_clock::now() - began >= stream_life_good;
        auto waiting = std::make_shared<WaitLimit>(core->executor_);
        core->get_stream_limit_ = waiting;
        auto pausing =
            pause(core, waiting,
                  backoff.next(good, position.retry.value_or(std::chrono::milliseconds(0))));
        co_await std::move(pausing);
    }
}

Task<void> HttpSessionCore::await_get_stream(Core core, SteadyTime until) {
    const SteadyTime patience = std::chrono::steady_clock::now() + get_stream_patience;
    if (core->get_stream_known_ || !core->running_) {
        co_return;
    }
    core->get_stream_settled_.expires_at(std::min(until, patience));
    boost::system::error_code ignored;
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    co_await core->get_stream_settled_.async_wait(token);
}

// --- modern

// Opens a stream for what is wanted now. The older one is closed when this one is acknowledged.
void HttpSessionCore::start_listening() {
    auto stream = std::make_shared<ListenStream>(executor_, listening_.params());
    stream->settled.expires_at(SteadyTime::max());
    stream->replaces = std::exchange(listen_, stream);
    in_background("subscription stream", keep_listening(shared_from_this(), std::move(stream)));
}

Task<void> HttpSessionCore::keep_listening(Core core, std::shared_ptr<ListenStream> stream) {
    Backoff backoff;
    while (!core->end_reason_ && !stream->replaced) {
        const SteadyTime began = std::chrono::steady_clock::now();
        auto listening = listen_once(core, stream);
        const bool offered = co_await std::move(listening);
        if (!offered) {
            break;
        }
        const bool good = std::chrono::steady_clock::now() - began >= stream_life_good;
        stream->limit = std::make_shared<WaitLimit>(core->executor_);
        auto pausing = pause(core, stream->limit, backoff.next(good, std::chrono::milliseconds(0)));
        co_await std::move(pausing);
    }
    core->settle_listen(*stream, refusal("the connector offers no subscriptions"));
}

// False if the server answered by something else than a stream: it offers none.
Task<bool> HttpSessionCore::listen_once(Core core, std::shared_ptr<ListenStream> stream) {
    ConnectorCall call;
    call.method = "subscriptions/listen";
    call.params = stream->params;
    HttpClientRequest request;
    core->add_modern_headers(call, request.headers);
    RequestText text;
    std::string meta;
    append_modern_meta(call, meta);
    text.id = core->next_id_++;
    text.method = call.method;
    text.params = call.params;
    text.meta = meta;
    append_request(text, request.body);
    request.body.pop_back();
    request.repeatable = true;
    request.head_until = std::chrono::steady_clock::now() + stream_head_max;
    stream->limit = std::make_shared<WaitLimit>(core->executor_);
    request.limit = stream->limit;
    auto asking = core->client_.request(std::move(request));
    HttpReply answer = co_await std::move(asking);
    if (!answer.exchange) {
        co_return answer.failure.code.starts_with("GH-D20");
    }
    if (!answer.exchange->is_event_stream()) {
        co_return answer.exchange->status() >= 500 || answer.exchange->status() == 429;
    }
    auto reading = read_listen(core, stream, std::move(answer.exchange));
    co_await std::move(reading);
    co_return true;
}

Task<void> HttpSessionCore::read_listen(Core core, std::shared_ptr<ListenStream> stream,
                                        std::unique_ptr<HttpExchange> exchange) {
    constexpr std::chrono::minutes silence_max{10};
    SseReader reader(core->options_.frame_max_bytes);
    while (!stream->replaced && !core->end_reason_) {
        auto reading = exchange->read_some(std::chrono::steady_clock::now() + silence_max);
        const Result<std::optional<std::string_view>> piece = co_await std::move(reading);
        if (!piece || !*piece) {
            co_return;
        }
        std::string_view rest = **piece;
        while (!rest.empty() && !stream->replaced) {
            const Result<std::size_t> used = reader.read(rest);
            if (!used) {
                co_return;
            }
            rest.remove_prefix(*used);
            auto event = reader.take();
            if (event && !event->data.empty()) {
                core->accept_listened(*stream, std::move(event->data));
            }
        }
    }
}

void HttpSessionCore::accept_listened(ListenStream& stream, std::string text) {
    const Result<Envelope> envelope = read_envelope(text);
    if (envelope && envelope->kind == MessageKind::response) {
        if (!envelope->error.empty()) {
            settle_listen(stream, reply_with(CallEnd::error, std::string(envelope->error)));
        }
        return;
    }
    if (!envelope || envelope->method != "notifications/subscriptions/acknowledged") {
        accept_message(nullptr, std::move(text));
        return;
    }
    close_listening(std::exchange(stream.replaces, nullptr));
    const auto filter = find_member(envelope->params, "notifications");
    settle_listen(stream, reply_with(CallEnd::result, std::string(filter.value_or("{}"))));
}

void HttpSessionCore::settle_listen(ListenStream& stream, CallReply outcome) {
    if (!stream.outcome) {
        stream.outcome = std::move(outcome);
        stream.settled.cancel();
    }
}

// The stream and those it was to replace.
void HttpSessionCore::close_listening(std::shared_ptr<ListenStream> newest) {
    for (auto stream = std::move(newest); stream;
         stream = std::exchange(stream->replaces, nullptr)) {
        stream->replaced = true;
        settle_listen(*stream, reply_with(CallEnd::result, "{}"));
        if (stream->limit) {
            stream->limit->abort();
        }
    }
}

// --- subscriptions to resources

Task<CallReply> HttpSessionCore::watch(Core core, std::string uri,
                                       std::chrono::milliseconds deadline) {
    if (core->era_ == Era::modern) {
        auto watching = watch_modern(core, std::move(uri), deadline);
        CallReply watched = co_await std::move(watching);
        co_return watched;
    }
    const SteadyTime until = std::chrono::steady_clock::now() + deadline;
    auto asking = ask(core, "resources/subscribe", uri_object(uri), until);
    CallReply reply = co_await std::move(asking);
    if (reply.end == CallEnd::result && core->subscribed_.size() < subscribed_max_count) {
        core->subscribed_.insert(std::move(uri));
    }
    co_return reply;
}

Task<CallReply> HttpSessionCore::watch_modern(Core core, std::string uri,
                                              std::chrono::milliseconds deadline) {
    if (!core->listening_.watch(uri)) {
        co_return refusal("too many resources are watched");
    }
    core->start_listening();
    const std::shared_ptr<ListenStream> stream = core->listen_;
    stream->settled.expires_after(deadline);
    if (!stream->outcome) {
        boost::system::error_code ignored;
        auto token = asio::redirect_error(asio::use_awaitable, ignored);
        co_await stream->settled.async_wait(token);
    }
    CallReply reply;
    if (stream->outcome) {
        reply = *stream->outcome;
    } else {
        reply.end = CallEnd::timed_out;
        reply.era = Era::modern;
        reply.failure = failures::no_answer_within(deadline);
    }
    if (reply.end == CallEnd::result) {
        if (reply.body() == "{}" || filter_names(reply.body(), uri)) {
            co_return reply_with(CallEnd::result, "{}");
        }
        reply = refusal("the connector does not tell of this resource");
    }
    core->listening_.unwatch(uri);
    co_return reply;
}

void HttpSessionCore::unwatch(const std::string& uri) {
    if (era_ == Era::modern) {
        listening_.unwatch(uri);
        if (listening_.wanted()) {
            start_listening();
        } else {
            close_listening(std::exchange(listen_, nullptr));
        }
        return;
    }
    subscribed_.erase(uri);
    std::string body;
    RequestText text;
    const std::string params = uri_object(uri);
    text.id = next_id_++;
    text.method = "resources/unsubscribe";
    text.params = params;
    append_request(text, body);
    if (!end_reason_) {
        in_background("resources/unsubscribe", post_note(shared_from_this(), std::move(body)));
    }
}

void HttpSessionCore::tell_roots_changed() {
    const bool declared =
        find_pointer(options_.client_capabilities, "/roots/listChanged") == "true";
    if (era_ == Era::legacy && declared && !protocol_version_.empty() && !end_reason_) {
        std::string body;
        append_notification("notifications/roots/list_changed", "", body);
        in_background("notifications/roots/list_changed",
                      post_note(shared_from_this(), std::move(body)));
    }
}

} // namespace gatehouse::runtime
