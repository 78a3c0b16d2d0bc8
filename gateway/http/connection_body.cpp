// How a connection reads the body of a request.
#include "gateway/http/connection.hpp"

#include <algorithm>
#include <boost/beast/http/error.hpp>

namespace gatehouse::gateway {

namespace {

constexpr std::size_t connection_body_step_bytes = 64 * 1024;
// The slowest body that is not taken for an attack.
constexpr std::uint64_t body_min_bytes_per_second = 64 * 1024;

} // namespace

Task<Connection::Step> Connection::read_body() {
    phase_ = Phase::body;
    const auto length = parser_->content_length();
    const std::uint64_t expected = length ? *length : context_->limits.body_max_bytes;
    read_deadline_ = std::chrono::steady_clock::now() + context_->limits.head_deadline +
                     std::chrono::seconds(expected / body_min_bytes_per_second);
    if (parser_->expects_continue() && http11_ && in_.empty()) {
        out_.push("HTTP/1.1 100 Continue\r\n\r\n");
        flush();
    }
    if (length) {
        const Step sized = co_await read_sized_body();
        co_return sized;
    }
    const Step chunked = co_await read_chunked_body();
    co_return chunked;
}

Task<Connection::Step> Connection::read_chunked_body() {
    parser_->eager(true);
    if (!read_pending_) {
        in_.reserve(connection_body_step_bytes);
    }
    for (;;) {
        const Step step = parse_chunks();
        if (step != Step::need_more) {
            co_return step;
        }
        if (read_error_) {
            co_return Step::closed;
        }
        if (!arm_read()) {
            co_return refuse(400, "GH-R710", "a chunk's head or the trailers are too large");
        }
        co_await read_waiter_.wait();
        const Step woken = step_after_wake();
        if (woken != Step::need_more) {
            co_return woken;
        }
    }
}

Connection::Step Connection::parse_chunks() {
    while (!in_.empty()) {
        const std::string_view bytes = in_.view();
        boost::system::error_code error;
        const std::size_t used =
            parser_->put(asio::const_buffer(bytes.data(), bytes.size()), error);
        in_.consume(used);
        if (parser_->is_done()) {
            return Step::complete;
        }
        if (error && error != boost::beast::http::error::need_more) {
            return refuse_parse_error(error);
        }
        if (used == 0 || error == boost::beast::http::error::need_more) {
            break;
        }
    }
    return Step::need_more;
}

// The body is read by the socket straight into its string, which grows as bytes arrive: announcing
// much costs the peer as much as us.
Task<Connection::Step> Connection::read_sized_body() {
    const auto length = static_cast<std::size_t>(*parser_->content_length());
    while (!take_buffered_body(length)) {
        if (read_error_) {
            co_return Step::closed;
        }
        if (!read_pending_) {
            arm_body_read(length);
        }
        co_await read_waiter_.wait();
        const Step woken = step_after_wake();
        if (woken != Step::need_more) {
            co_return woken;
        }
    }
    co_return Step::complete;
}

// A small body mostly comes with its head: then there is nothing to wait for.
bool Connection::take_body_at_hand() {
    const auto length = parser_->content_length();
    return length && in_.size() >= *length && take_buffered_body(static_cast<std::size_t>(*length));
}

// Moves what was received along with the head; true when the body is complete.
bool Connection::take_buffered_body(std::size_t length) {
    std::string& body = request_.body;
    const std::size_t taken = std::min(in_.size(), length - body_filled_bytes_);
    if (taken > 0) {
        body.resize(std::max(body.size(), body_filled_bytes_ + taken));
        std::copy_n(in_.view().data(), taken, body.data() + body_filled_bytes_);
        in_.consume(taken);
        body_filled_bytes_ += taken;
    }
    return body_filled_bytes_ == length;
}

void Connection::arm_body_read(std::size_t length) {
    std::string& body = request_.body;
    if (body.size() == body_filled_bytes_) {
        const std::size_t step = std::max(connection_body_step_bytes, body_filled_bytes_);
        body.resize(std::min(length, body_filled_bytes_ + step));
    }
    read_pending_ = read_into_body_ = true;
    transport_->start_read(
        asio::buffer(body.data() + body_filled_bytes_, body.size() - body_filled_bytes_),
        shared_from_this());
}

} // namespace gatehouse::gateway
