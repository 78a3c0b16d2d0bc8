#include "gateway/pipeline/batch.hpp"

#include "gateway/mcp/messages.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <utility>

namespace gatehouse::gateway {

namespace {

constexpr std::size_t batch_backlog_max_bytes = 1U << 20;
// More than this in complete answers does not wait for the last one: they leave as a stream.
constexpr std::size_t batch_array_max_bytes = 16U << 20;
constexpr auto batch_keep_alive = std::chrono::seconds(15);

std::size_t batch_item_bytes(const HttpReply& pieces) {
    return pieces.body_prefix.size() + pieces.body.size() + pieces.body_suffix.size();
}

std::vector<std::pair<std::string, std::string>> batch_stream_headers() {
    return {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}};
}

} // namespace

void BatchOutput::push(Item item) {
    if (gone_) {
        return;
    }
    queued_bytes_ += batch_item_bytes(item.pieces);
    items_.push_back(std::move(item));
    streaming_ = streaming_ || queued_bytes_ > batch_array_max_bytes;
    wake_.cancel();
}

void BatchOutput::add(HttpReply answer) {
    if (batch_item_bytes(answer) > 0) {
        push(Item{std::move(answer), false});
    }
}

void BatchOutput::on_client_gone() {
    gone_ = true;
    items_.clear();
    queued_bytes_ = 0;
    wake_.cancel();
    room_.cancel();
    // A handler may end its part.
    const auto parts = parts_;
    for (BatchPart* const part : parts) {
        const bool alive = std::find(parts_.begin(), parts_.end(), part) != parts_.end();
        if (alive && part->on_disconnect_) {
            const auto handler = std::exchange(part->on_disconnect_, nullptr);
            handler();
        }
    }
}

// Until the parts may queue more; the sweep of slow readers ends a connection that takes nothing.
Task<void> BatchOutput::wait_for_room() {
    boost::system::error_code ignored;
    while (!gone_ && queued_bytes_ > batch_backlog_max_bytes) {
        room_.expires_after(batch_keep_alive);
        auto token = asio::redirect_error(asio::use_awaitable, ignored);
        co_await room_.async_wait(token);
    }
}

Task<void> BatchOutput::wait_for_work() {
    boost::system::error_code ignored;
    wake_.expires_after(batch_keep_alive);
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    co_await wake_.async_wait(token);
}

Task<void> BatchOutput::deliver(std::shared_ptr<BatchOutput> output, HttpResponder& responder) {
    std::function<void()> gone = [weak = std::weak_ptr<BatchOutput>(output)] {
        if (const auto alive = weak.lock()) {
            alive->on_client_gone();
        }
    };
    responder.on_disconnect(std::move(gone));
    while (output->unfinished_ > 0 && !output->streaming_ && !output->gone_) {
        auto waiting = output->wait_for_work();
        co_await std::move(waiting);
    }
    if (output->gone_) {
        co_await responder.send(empty_reply(202));
    } else if (output->streaming_) {
        auto delivering = output->deliver_stream(responder);
        co_await std::move(delivering);
    } else if (output->items_.empty()) {
        co_await responder.send(empty_reply(202));
    } else {
        auto delivering = output->deliver_array(responder);
        co_await std::move(delivering);
    }
    output->on_client_gone();
}

Task<void> BatchOutput::deliver_array(HttpResponder& responder) {
    HttpReply whole;
    whole.body.reserve(queued_bytes_ + items_.size() + 2);
    for (const Item& item : items_) {
        whole.body += whole.body.empty() ? "[" : ",";
        whole.body += item.pieces.body_prefix;
        whole.body.append(item.pieces.body, item.pieces.body_offset, item.pieces.body_length);
        whole.body += item.pieces.body_suffix;
    }
    whole.body += "]";
    items_.clear();
    co_await responder.send(std::move(whole));
}

Task<void> BatchOutput::deliver_stream(HttpResponder& responder) {
    auto headers = batch_stream_headers();
    bool connected = co_await responder.start_stream(200, "text/event-stream", std::move(headers));
    while (connected && !gone_ && (unfinished_ > 0 || !items_.empty())) {
        if (items_.empty()) {
            auto waiting = wait_for_work();
            co_await std::move(waiting);
            if (items_.empty() && unfinished_ > 0) {
                connected = co_await responder.write(": keep-alive\n\n");
            }
            continue;
        }
        Item item = std::move(items_.front());
        items_.pop_front();
        queued_bytes_ -= batch_item_bytes(item.pieces);
        room_.cancel();
        HttpReply event =
            item.is_event ? std::move(item.pieces) : as_sse_event(std::move(item.pieces));
        connected = co_await responder.write_reply_body(std::move(event));
    }
    co_await responder.finish();
}

BatchPart::BatchPart(BatchOutput& output) : output_(output) {
    output_.parts_.push_back(this);
}

BatchPart::~BatchPart() {
    std::erase(output_.parts_, this);
    --output_.unfinished_;
    output_.wake_.cancel();
}

Task<void> BatchPart::send(HttpReply reply) {
    output_.add(std::move(reply));
    co_return;
}

Task<bool> BatchPart::start_stream(int, std::string,
                                   std::vector<std::pair<std::string, std::string>>) {
    output_.streaming_ = true;
    output_.wake_.cancel();
    co_return !output_.gone_;
}

Task<bool> BatchPart::write(std::string bytes) {
    HttpReply pieces;
    pieces.body = std::move(bytes);
    return write_reply_body(std::move(pieces));
}

Task<bool> BatchPart::write_reply_body(HttpReply body_pieces) {
    output_.push(BatchOutput::Item{std::move(body_pieces), true});
    auto waiting = output_.wait_for_room();
    co_await std::move(waiting);
    co_return !output_.gone_;
}

Task<void> BatchPart::finish() {
    co_return;
}

void BatchPart::on_disconnect(std::function<void()> handler) {
    on_disconnect_ = std::move(handler);
}

} // namespace gatehouse::gateway
