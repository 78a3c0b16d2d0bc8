// The life of a connection, and how it reads heads and notices disconnects.
#include "gateway/http/connection.hpp"

#include "gateway/http/problem.hpp"
#include "runtime/base/log.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/http/error.hpp>
#include <exception>
#include <utility>

namespace gatehouse::gateway {

namespace http = boost::beast::http;

namespace {

// A refused request's rest is read and dropped for a moment; else the reset that follows a close
// with unread bytes would overtake the reply.
constexpr std::chrono::seconds linger_deadline{2};
constexpr std::size_t linger_max_bytes = 16 << 20;
constexpr std::size_t linger_step_bytes = 64 * 1024;

// Takes the connection off the list and closes it, however its coroutine ends.
class ConnectionEntry {
  public:
    ConnectionEntry(ConnectionContext& context, Connection* connection, Transport& transport)
        : context_(context), transport_(transport),
          position_(context.connections.insert(context.connections.end(), connection)) {}
    ~ConnectionEntry() {
        context_.connections.erase(position_);
        transport_.close();
    }
    ConnectionEntry(const ConnectionEntry&) = delete;
    ConnectionEntry& operator=(const ConnectionEntry&) = delete;

  private:
    ConnectionContext& context_;
    Transport& transport_;
    std::list<Connection*>::iterator position_;
};

// A request begins with its method; anything else (a TLS hello, say) is refused at its first byte.
bool may_begin_request(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

std::string parse_error_reason(const boost::system::error_code& error) {
    if (error == http::error::bad_transfer_encoding || error == http::error::bad_content_length ||
        error == http::error::multiple_content_length) {
        return "the length of the body is given twice or in a way that is not supported";
    }
    if (error == http::error::bad_field || error == http::error::bad_value) {
        return "a header field is malformed, Host is missing, or Host is given twice";
    }
    return error.message();
}

} // namespace

Connection::Connection(std::shared_ptr<ConnectionContext> context,
                       std::unique_ptr<Transport> transport, std::string peer)
    : context_(std::move(context)), transport_(std::move(transport)), peer_(std::move(peer)) {}

Task<void> Connection::run(std::shared_ptr<Connection> self) {
    const std::shared_ptr<ConnectionContext> context = self->context_;
    ConnectionEntry entry(*context, self.get(), *self->transport_);
    bool more = true;
    while (more && !context->stopping) {
        more = co_await self->serve_one();
    }
    if (self->phase_ == Phase::lingering && !self->failed_) {
        co_await self->linger();
    }
    self->transport_->shutdown_send();
    self->on_disconnect_ = nullptr;
}

// False: the connection ends.
Task<bool> Connection::serve_one() {
    reset_for_request();
    Step step = co_await read_head();
    if (step == Step::complete) {
        step = check_head();
    }
    if (step == Step::complete && !parser_->is_done() && !take_body_at_hand()) {
        step = co_await read_body();
    }
    if (step == Step::closed) {
        co_return false;
    }
    read_deadline_ = SteadyTime::max();
    phase_ = Phase::handling;
    if (step == Step::refused) {
        keep_alive_ = false;
        HttpReply reply = std::move(*refusal_);
        co_await send(std::move(reply));
        phase_ = Phase::lingering;
        co_return false;
    }
    keep_alive_ = parser_->keep_alive() && !context_->stopping;
    co_await handle_request();
    on_disconnect_ = nullptr;
    co_return keep_alive_ && !failed_;
}

void Connection::reset_for_request() {
    request_ = HttpRequest{};
    request_.peer = peer_;
    parser_.emplace(request_, context_->limits.body_max_bytes);
    parser_->header_limit(context_->limits.header_max_bytes);
    refusal_.reset();
    head_bytes_ = 0;
    body_filled_bytes_ = 0;
    answer_ = Answer::none;
    keep_alive_ = http11_ = true;
    head_only_ = chunked_ = false;
    phase_ = Phase::idle;
    if (!read_pending_) {
        in_.release_if_large();
    }
    read_deadline_ = std::chrono::steady_clock::now() + context_->limits.idle_deadline;
}

Task<void> Connection::handle_request() {
    std::string problem;
    try {
        co_await context_->handler.handle(std::move(request_), *this);
    } catch (const boost::system::system_error& error) {
        problem = error.code() == asio::error::operation_aborted ? "cancelled" : error.what();
    } catch (const std::exception& error) {
        problem = error.what();
    }
    if (answer_ == Answer::streaming) {
        fail(); // a stream without its end: the peer must see that it was cut off
    }
    if (answer_ == Answer::none && !failed_) {
        log_error("a request was not answered: " + (problem.empty() ? "no reply" : problem));
        keep_alive_ = false;
        HttpReply reply = problem_reply(500, Error{"GH-R714",
                                                   "the request could not be answered",
                                                   {},
                                                   {},
                                                   "look for this moment in the daemon's log"});
        co_await send(std::move(reply));
    }
}

Task<Connection::Step> Connection::read_head() {
    for (;;) {
        const Step step = parse_head();
        if (step != Step::need_more) {
            co_return step;
        }
        if (read_error_ || (context_->stopping && phase_ == Phase::idle)) {
            co_return Step::closed;
        }
        if (!arm_read()) {
            co_return refuse(431, "GH-R711", "the head of the request is too large");
        }
        co_await read_waiter_.wait();
        const Step woken = step_after_wake();
        if (woken != Step::need_more) {
            co_return woken;
        }
    }
}

// What to do after a wait for bytes has ended: need_more means that there may be bytes.
Connection::Step Connection::step_after_wake() {
    if (expired_ && phase_ != Phase::idle) {
        return refuse(408, "GH-R712", "the request did not arrive in time");
    }
    return read_error_ ? Step::closed : Step::need_more;
}

Connection::Step Connection::parse_head() {
    if (!parser_->got_some()) {
        while (in_.view().starts_with("\r\n")) { // RFC 9112, 2.2: tolerated between requests
            in_.consume(2);
        }
    }
    if (in_.empty() || (!parser_->got_some() && in_.view() == "\r")) {
        return Step::need_more;
    }
    if (phase_ == Phase::idle) {
        phase_ = Phase::head;
        expired_ = false;
        read_deadline_ = std::chrono::steady_clock::now() + context_->limits.head_deadline;
        if (!may_begin_request(in_.view().front())) {
            return refuse(400, "GH-R710", "this is not an HTTP request");
        }
    }
    const std::string_view bytes = in_.view();
    boost::system::error_code error;
    const std::size_t used = parser_->put(asio::const_buffer(bytes.data(), bytes.size()), error);
    in_.consume(used);
    head_bytes_ += used;
    const std::size_t unfinished = error == http::error::need_more ? in_.size() : 0;
    if (head_bytes_ + unfinished > context_->limits.header_max_bytes) {
        return refuse(431, "GH-R711", "the head of the request is too large");
    }
    if (error == http::error::need_more) {
        return Step::need_more;
    }
    return error ? refuse_parse_error(error) : Step::complete;
}

Connection::Step Connection::check_head() {
    http11_ = parser_->http11();
    head_only_ = request_.method == "HEAD";
    auto reply = context_->handler.check_head(request_);
    if (reply) {
        refusal_ = std::move(reply);
        return Step::refused;
    }
    if (parser_->expects_unknown()) {
        return refuse(417, "GH-R710", "only Expect: 100-continue is known");
    }
    const auto length = parser_->content_length();
    if (length && *length > context_->limits.body_max_bytes) {
        return refuse(413, "GH-R703", "the body is larger than this listener takes");
    }
    return Step::complete;
}

// Makes sure that a read into the buffer is under way; false if there is no room for one.
bool Connection::arm_read() {
    if (read_pending_) {
        return true;
    }
    const auto room = in_.prepare(context_->limits.header_max_bytes);
    if (room.size() == 0) {
        return false;
    }
    read_pending_ = true;
    transport_->start_read(room, shared_from_this());
    return true;
}

void Connection::on_read(IoResult result) {
    read_pending_ = false;
    if (std::exchange(read_into_body_, false)) {
        body_filled_bytes_ += result.bytes;
    } else {
        in_.commit(result.bytes);
    }
    read_error_ = result.error;
    if (phase_ != Phase::handling) {
        read_waiter_.notify();
    } else if (on_disconnect_) {
        if (read_error_) {
            fire_disconnect();
        } else {
            arm_read();
        }
    }
}

Task<void> Connection::linger() {
    transport_->shutdown_send();
    read_deadline_ = std::chrono::steady_clock::now() + linger_deadline;
    std::size_t dropped_bytes = 0;
    while (!read_error_ && dropped_bytes < linger_max_bytes && !context_->stopping) {
        dropped_bytes += in_.size();
        in_.consume(in_.size());
        if (!read_pending_) {
            in_.reserve(linger_step_bytes);
        }
        arm_read();
        co_await read_waiter_.wait();
    }
}

Connection::Step Connection::refuse(int status, std::string code, std::string why) {
    std::string action = "correct the request and send it again";
    if (status == 413 || status == 431) {
        action = "send less";
    }
    refusal_ = problem_reply(
        status,
        Error{std::move(code), "the request was refused", {}, std::move(why), std::move(action)});
    return Step::refused;
}

Connection::Step Connection::refuse_parse_error(const boost::system::error_code& error) {
    if (error == http::error::header_limit) {
        return refuse(431, "GH-R711", "the head of the request is too large");
    }
    if (error == http::error::body_limit) {
        return refuse(413, "GH-R703", "the body is larger than this listener takes");
    }
    if (error == http::error::bad_version) {
        return refuse(505, "GH-R710", "only HTTP/1.1 and HTTP/1.0 are spoken here");
    }
    return refuse(400, "GH-R710", parse_error_reason(error));
}

void Connection::expire(SteadyTime now) {
    if (now >= read_deadline_) {
        read_deadline_ = SteadyTime::max();
        expired_ = true;
        transport_->cancel();
    }
    if (now >= write_deadline_) {
        fail();
    }
}

void Connection::close_if_idle() {
    if (phase_ == Phase::idle || phase_ == Phase::lingering) {
        transport_->cancel();
    }
}

void Connection::abort() {
    post_disconnect();
    fail();
}

} // namespace gatehouse::gateway
