// The writing half of a connection: HttpResponder.
#include "gateway/http/connection.hpp"
#include "gateway/http/reply_head.hpp"
#include "runtime/base/assert.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <utility>

namespace gatehouse::gateway {

namespace {

constexpr std::size_t stream_backlog_max_bytes = 1 << 20;
constexpr std::chrono::seconds slow_reader_deadline{30};
// The slowest reader of a complete answer that is waited for.
constexpr std::size_t reply_min_bytes_per_second = 16 * 1024;

SteadyTime drain_deadline(std::size_t bytes) {
    return std::chrono::steady_clock::now() + slow_reader_deadline +
           std::chrono::seconds(bytes / reply_min_bytes_per_second);
}

std::size_t reply_body_bytes(const HttpReply& reply) {
    const std::size_t offset = std::min(reply.body_offset, reply.body.size());
    return reply.body_prefix.size() + std::min(reply.body_length, reply.body.size() - offset) +
           reply.body_suffix.size();
}

bool status_has_body(int status) {
    return status >= 200 && status != 204 && status != 304;
}

} // namespace

Task<void> Connection::send(HttpReply reply) {
    GH_ASSERT(answer_ == Answer::none);
    answer_ = Answer::sent;
    const bool with_body = status_has_body(reply.status);
    keep_alive_ = keep_alive_ && !context_->stopping;
    ReplyHead head;
    head.status = reply.status;
    head.headers = &reply.headers;
    head.date = context_->date;
    head.framing = with_body ? ReplyHead::Framing::length : ReplyHead::Framing::none;
    head.length_bytes = reply_body_bytes(reply);
    head.content_type =
        with_body && head.length_bytes > 0 ? reply.content_type : std::string_view();
    head.keep_alive = keep_alive_;
    head.http11 = http11_;
    out_.push(reply_head_text(head));
    if (with_body && !head_only_) {
        push_body(reply);
    }
    flush();
    if (!out_.empty()) {
        co_await wait_drain(0, drain_deadline(out_.size_bytes()));
    }
}

void Connection::push_body(HttpReply& reply) {
    out_.push(std::move(reply.body_prefix));
    out_.push(std::move(reply.body), reply.body_offset, reply.body_length);
    out_.push(std::move(reply.body_suffix));
}

Task<bool> Connection::start_stream(int status, std::string content_type,
                                    std::vector<std::pair<std::string, std::string>> headers) {
    GH_ASSERT(answer_ == Answer::none);
    answer_ = Answer::streaming;
    chunked_ = http11_;
    keep_alive_ = keep_alive_ && chunked_ && !context_->stopping;
    ReplyHead head;
    head.status = status;
    head.content_type = content_type;
    head.headers = &headers;
    head.date = context_->date;
    head.framing = chunked_ ? ReplyHead::Framing::chunked : ReplyHead::Framing::until_close;
    head.keep_alive = keep_alive_;
    head.http11 = http11_;
    out_.push(reply_head_text(head));
    schedule_flush();
    co_return !failed_;
}

Task<bool> Connection::write(std::string bytes) {
    HttpReply pieces;
    pieces.body = std::move(bytes);
    return write_reply_body(std::move(pieces));
}

Task<bool> Connection::write_reply_body(HttpReply body_pieces) {
    GH_ASSERT(answer_ == Answer::streaming);
    const std::size_t length = reply_body_bytes(body_pieces);
    if (failed_ || head_only_ || length == 0) { // an empty chunk would end the stream
        co_return !failed_;
    }
    if (chunked_) {
        out_.push(chunk_head_text(length));
    }
    push_body(body_pieces);
    if (chunked_) {
        out_.push("\r\n");
    }
    schedule_flush();
    if (out_.size_bytes() > stream_backlog_max_bytes) {
        flush();
        co_await wait_drain(stream_backlog_max_bytes,
                            std::chrono::steady_clock::now() + slow_reader_deadline);
    }
    co_return !failed_;
}

Task<void> Connection::finish() {
    GH_ASSERT(answer_ == Answer::streaming);
    answer_ = Answer::finished;
    if (failed_) {
        co_return;
    }
    if (chunked_ && !head_only_) {
        out_.push("0\r\n\r\n");
    }
    flush();
    if (!out_.empty()) {
        co_await wait_drain(0, drain_deadline(out_.size_bytes()));
    }
}

// Small writes of one turn of the loop leave in one system call.
void Connection::schedule_flush() {
    if (flush_posted_ || write_wait_pending_ || failed_) {
        return;
    }
    flush_posted_ = true;
    asio::post(context_->executor, [self = shared_from_this()] {
        self->flush_posted_ = false;
        self->flush();
    });
}

void Connection::flush() {
    if (write_wait_pending_ || failed_) {
        return;
    }
    while (!out_.empty()) {
        const IoResult result = transport_->try_write(out_.gather());
        if (result.error == boost::system::errc::operation_would_block ||
            result.error == boost::system::errc::resource_unavailable_try_again) {
            write_wait_pending_ = true;
            transport_->wait_writable(shared_from_this());
            return;
        }
        if (result.error) {
            post_disconnect();
            fail();
            return;
        }
        out_.consume(result.bytes);
    }
}

void Connection::on_writable(boost::system::error_code error) {
    write_wait_pending_ = false;
    if (error) {
        post_disconnect();
        fail();
    } else {
        flush();
    }
    drain_waiter_.notify();
}

// Until at most max_bytes are unsent, or the connection has failed; the sweep fails it at the
// deadline.
Task<void> Connection::wait_drain(std::size_t max_bytes, SteadyTime deadline) {
    write_deadline_ = deadline;
    while (out_.size_bytes() > max_bytes && !failed_) {
        co_await drain_waiter_.wait();
    }
    write_deadline_ = SteadyTime::max();
}

void Connection::fail() {
    if (failed_) {
        return;
    }
    failed_ = true;
    keep_alive_ = false;
    out_.clear();
    write_deadline_ = SteadyTime::max();
    // The waits end with operation_aborted and wake whoever sleeps on them.
    transport_->close();
}

void Connection::on_disconnect(std::function<void()> handler) {
    on_disconnect_ = std::move(handler);
    if (!on_disconnect_) {
        return;
    }
    if (read_error_ || failed_) {
        post_disconnect();
    } else {
        // The read that the next request needs anyway begins now; its end of stream is the signal.
        arm_read();
    }
}

void Connection::post_disconnect() {
    if (on_disconnect_) {
        asio::post(context_->executor, [self = shared_from_this()] { self->fire_disconnect(); });
    }
}

void Connection::fire_disconnect() {
    if (on_disconnect_) {
        const std::function<void()> handler = std::exchange(on_disconnect_, nullptr);
        handler();
    }
}

} // namespace gatehouse::gateway
