#include "gateway/mcp/message_stream.hpp"

#include "gateway/mcp/messages.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <utility>

namespace gatehouse::gateway {

namespace {

constexpr auto message_stream_keep_alive = std::chrono::seconds(15);
// Of the messages that wait, so many bytes go out in one write: each write may wake the client.
constexpr std::size_t message_stream_gather_bytes = 64 * 1024;

struct StreamEvent {
    std::uint64_t number = 0;
    std::string message;
    bool may_be_lost = false;
};

std::size_t pieces_size(const HttpReply& reply) {
    return reply.body_prefix.size() + reply.body.size() + reply.body_suffix.size();
}

} // namespace

struct MessageStream::Impl {
    Impl(const Executor& executor, MessageStreamOptions wanted)
        : options(std::move(wanted)), wake(executor) {}
    ~Impl() { account(0); }

    bool numbered() const { return !options.event_id_prefix.empty(); }
    std::string id_line(std::uint64_t number) const {
        return numbered() ? "id: " + options.event_id_prefix + std::to_string(number) + "\n" : "";
    }
    std::string event_text(const StreamEvent& event) const;
    std::string priming_text() const;
    std::deque<StreamEvent>::iterator behind(std::uint64_t number);
    bool make_room(std::size_t bytes);
    bool shared_room(std::size_t bytes) const {
        return options.kept_total_bytes == nullptr ||
               *options.kept_total_bytes + bytes <= options.kept_total_max_bytes;
    }
    void mark_delivered(std::uint64_t number);
    void trim_replay();
    HttpReply take_last();
    void account(std::size_t now_bytes);
    void account_all() { account(backlog_bytes + replay_bytes + (last ? pieces_size(*last) : 0)); }
    bool has_more() const { return cursor < last_number; }
    Task<bool> send_waiting(HttpResponder& responder, std::uint64_t my_turn, std::string text);
    Task<bool> wait(HttpResponder& responder);

    MessageStreamOptions options;
    // Delivered ones (kept for a replay) first, then the backlog; numbers rise, with gaps.
    std::deque<StreamEvent> events;
    std::size_t backlog_bytes = 0;
    std::size_t replay_bytes = 0;
    std::size_t accounted_bytes = 0;
    std::uint64_t last_number = 0; // of the newest event, the answer included
    std::uint64_t delivered = 0;   // the highest number written to a connection
    std::uint64_t cursor = 0;      // the highest number sent on the present connection
    std::optional<HttpReply> last;
    std::uint64_t answer_number = 0; // of the answer; 0: none yet
    bool closed = false;
    bool client_gone = false;
    std::uint64_t turn = 0; // which connection serves; a newer one has a higher number
    bool attached = false;
    std::uint64_t dropped = 0;
    asio::steady_timer wake;
};

std::string MessageStream::Impl::event_text(const StreamEvent& event) const {
    std::string text = id_line(event.number);
    text.reserve(text.size() + event.message.size() + 24);
    text += "event: message\ndata: ";
    text += event.message;
    text += "\n\n";
    return text;
}

// An id for the client to come back with, before there is any message; it points behind what this
// connection need not send.
std::string MessageStream::Impl::priming_text() const {
    return id_line(cursor) + "retry: " + std::to_string(options.priming_retry.count()) +
           "\ndata: \n\n";
}

std::deque<StreamEvent>::iterator MessageStream::Impl::behind(std::uint64_t number) {
    const auto before = [](std::uint64_t value, const StreamEvent& event) {
        return value < event.number;
    };
    return std::upper_bound(events.begin(), events.end(), number, before);
}

// Gives up undelivered messages that may be lost, oldest first.
bool MessageStream::Impl::make_room(std::size_t bytes) {
    auto at = behind(delivered);
    while (backlog_bytes + bytes > options.backlog_max_bytes && at != events.end()) {
        if (!at->may_be_lost) {
            ++at;
            continue;
        }
        backlog_bytes -= at->message.size();
        ++dropped;
        at = events.erase(at);
    }
    return backlog_bytes + bytes <= options.backlog_max_bytes;
}

void MessageStream::Impl::mark_delivered(std::uint64_t number) {
    for (auto at = behind(delivered); at != events.end() && at->number <= number; ++at) {
        backlog_bytes -= at->message.size();
        replay_bytes += at->message.size();
    }
    delivered = std::max(delivered, number);
    trim_replay();
    account_all();
}

void MessageStream::Impl::trim_replay() {
    const std::size_t keep = numbered() ? options.replay_max_bytes : 0;
    while (!events.empty() && events.front().number <= delivered && replay_bytes > keep) {
        replay_bytes -= events.front().message.size();
        events.pop_front();
    }
}

// A small answer is kept for a replay; a large one leaves without being copied.
HttpReply MessageStream::Impl::take_last() {
    if (numbered() && pieces_size(*last) <= options.replay_max_bytes) {
        return *last;
    }
    HttpReply taken = std::move(*last);
    last.reset();
    return taken;
}

void MessageStream::Impl::account(std::size_t now_bytes) {
    if (options.kept_total_bytes != nullptr) {
        *options.kept_total_bytes += now_bytes;
        *options.kept_total_bytes -= accounted_bytes;
    }
    accounted_bytes = now_bytes;
}

// Writes `text`, then what waits, in one piece. False: the connection is gone, or nothing is left
// to send.
Task<bool> MessageStream::Impl::send_waiting(HttpResponder& responder, std::uint64_t my_turn,
                                             std::string text) {
    std::uint64_t number = cursor;
    auto next = behind(cursor);
    for (; next != events.end() && text.size() < message_stream_gather_bytes; ++next) {
        text += event_text(*next);
        number = next->number;
    }
    if (next == events.end() && last) {
        text += id_line(answer_number);
        cursor = last_number;
        HttpReply pieces = as_sse_event(take_last());
        pieces.body_prefix.insert(0, text);
        const bool written = co_await responder.write_reply_body(std::move(pieces));
        if (written) {
            mark_delivered(answer_number);
        }
        co_return written;
    }
    if (text.empty()) {
        cursor = last_number; // what lies between was given up
        co_return false;      // the answer was too large to have been kept
    }
    const bool written = co_await responder.write(std::move(text));
    if (written && turn == my_turn && number > cursor) {
        cursor = number;
        mark_delivered(number);
    }
    co_return written;
}

Task<bool> MessageStream::Impl::wait(HttpResponder& responder) {
    boost::system::error_code woken;
    wake.expires_after(message_stream_keep_alive);
    auto token = asio::redirect_error(asio::use_awaitable, woken);
    co_await wake.async_wait(token);
    if (woken) {
        co_return true;
    }
    co_return co_await responder.write(": keep-alive\n\n");
}

MessageStream::MessageStream(Executor executor, MessageStreamOptions options)
    : impl_(std::make_unique<Impl>(executor, std::move(options))) {}

MessageStream::~MessageStream() = default;

bool MessageStream::push(std::string message, Weight weight) {
    Impl& impl = *impl_;
    const std::size_t bytes = message.size();
    const bool may_be_lost = weight == Weight::may_be_lost;
    const bool fits = impl.backlog_bytes + bytes <= impl.options.backlog_max_bytes &&
                      (impl.attached || !may_be_lost || impl.shared_room(bytes));
    if (ended() || (!fits && (may_be_lost || !impl.make_room(bytes)))) {
        ++impl.dropped;
        return false;
    }
    flatten_for_sse(message);
    impl.events.push_back(StreamEvent{++impl.last_number, std::move(message), may_be_lost});
    impl.backlog_bytes += bytes;
    impl.account_all();
    impl.wake.cancel();
    return true;
}

bool MessageStream::push_unless_waiting(std::string message) {
    for (auto at = impl_->behind(impl_->delivered); at != impl_->events.end(); ++at) {
        if (at->message == message) {
            return true;
        }
    }
    return push(std::move(message), Weight::must_arrive);
}

void MessageStream::push_last(HttpReply answer) {
    Impl& impl = *impl_;
    if (ended()) {
        return;
    }
    impl.answer_number = ++impl.last_number;
    const bool room = impl.shared_room(pieces_size(answer));
    // An answer that nobody waits for now may not fill the memory that all sessions share.
    if (impl.attached || room) {
        impl.last = std::move(answer);
    } else {
        ++impl.dropped;
    }
    impl.account_all();
    impl.wake.cancel();
}

void MessageStream::close() {
    impl_->closed = true;
    impl_->wake.cancel();
}

bool MessageStream::ended() const {
    return impl_->closed || impl_->answer_number != 0;
}

bool MessageStream::delivered() const {
    return ended() && impl_->delivered == impl_->last_number;
}

bool MessageStream::attached() const {
    return impl_->attached;
}

std::uint64_t MessageStream::dropped_count() const {
    return impl_->dropped;
}

std::size_t MessageStream::kept_bytes() const {
    return impl_->accounted_bytes;
}

namespace {

// Marks the stream as served for as long as this connection is the newest.
class ServingTurn {
  public:
    ServingTurn(std::uint64_t& turn, bool& attached)
        : turn_(turn), attached_(attached), mine_(++turn) {
        attached_ = true;
    }
    ~ServingTurn() {
        if (mine()) {
            attached_ = false;
        }
    }
    ServingTurn(const ServingTurn&) = delete;
    ServingTurn& operator=(const ServingTurn&) = delete;
    bool mine() const { return turn_ == mine_; }
    std::uint64_t number() const { return mine_; }

  private:
    std::uint64_t& turn_;
    bool& attached_;
    std::uint64_t mine_;
};

} // namespace

Task<void> MessageStream::serve(std::shared_ptr<MessageStream> stream, HttpResponder& responder,
                                std::uint64_t after,
                                std::vector<std::pair<std::string, std::string>> headers) {
    Impl& impl = *stream->impl_;
    ServingTurn turn(impl.turn, impl.attached);
    impl.cursor = after == behind_delivered ? impl.delivered : std::min(after, impl.last_number);
    impl.client_gone = false;
    impl.wake.cancel();
    headers.emplace_back("Cache-Control", "no-cache");
    headers.emplace_back("X-Accel-Buffering", "no");
    bool connected = co_await responder.start_stream(200, "text/event-stream", std::move(headers));
    if (impl.numbered()) {
        std::function<void()> gone = [weak = stream->weak_from_this(), mine = turn.number()] {
            const auto alive = weak.lock();
            if (alive && alive->impl_->turn == mine) {
                alive->impl_->client_gone = true;
                alive->impl_->wake.cancel();
            }
        };
        responder.on_disconnect(std::move(gone));
    }
    if (connected && turn.mine() && impl.options.priming_retry.count() > 0) {
        std::string priming = impl.priming_text();
        connected = co_await impl.send_waiting(responder, turn.number(), std::move(priming));
    }
    while (connected && turn.mine() && !impl.client_gone) {
        if (impl.has_more()) {
            connected = co_await impl.send_waiting(responder, turn.number(), std::string());
        } else if (stream->ended()) {
            break;
        } else {
            connected = co_await impl.wait(responder);
        }
    }
    co_await responder.finish();
}

} // namespace gatehouse::gateway
