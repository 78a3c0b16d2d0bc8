// One HTTP connection: a coroutine that reads a request, hands it to the handler and sends the
// answer, again and again. It owns the transport's waits, so that a disconnect is noticed while the
// handler works.
#pragma once

#include "gateway/http/read_buffer.hpp"
#include "gateway/http/request_parser.hpp"
#include "gateway/http/send_queue.hpp"
#include "gateway/http/server.hpp"
#include "gateway/http/transport.hpp"
#include "gateway/http/waiter.hpp"
#include "runtime/base/clock.hpp"

#include <list>
#include <memory>
#include <optional>
#include <string>

namespace gatehouse::gateway {

class Connection;

// What the connections of one server share.
struct ConnectionContext {
    Executor executor;
    HttpHandler& handler;
    HttpLimits limits;
    std::string date;                   // refreshed by the sweep
    std::list<Connection*> connections; // those whose coroutine runs
    bool stopping = false;
};

class Connection final : public TransportSink,
                         public HttpResponder,
                         public std::enable_shared_from_this<Connection> {
  public:
    Connection(std::shared_ptr<ConnectionContext> context, std::unique_ptr<Transport> transport,
               std::string peer);

    // Serves until either side ends the connection.
    static Task<void> run(std::shared_ptr<Connection> self);

    // Whether a deadline has passed; then expire() ends what waits. Apart, because ending it may
    // remove the connection from the context's list.
    bool is_due(SteadyTime now) const { return now >= read_deadline_ || now >= write_deadline_; }
    void expire(SteadyTime now);
    // Ends the connection if no request is under way.
    void close_if_idle();
    // Ends it in any case; the handler is told as of a disconnect.
    void abort();

    void on_read(IoResult result) override;
    void on_writable(boost::system::error_code error) override;

    Task<void> send(HttpReply reply) override;
    Task<bool> start_stream(int status, std::string content_type,
                            std::vector<std::pair<std::string, std::string>> headers) override;
    Task<bool> write(std::string bytes) override;
    Task<bool> write_reply_body(HttpReply body_pieces) override;
    Task<void> finish() override;
    void on_disconnect(std::function<void()> handler) override;

  private:
    enum class Phase { idle, head, body, handling, lingering };
    enum class Answer { none, sent, streaming, finished };
    // What a step of reading came to; `refused` leaves the reply in refusal_.
    enum class Step { complete, need_more, refused, closed };

    Task<bool> serve_one();
    Task<void> handle_request();
    Task<Step> read_head();
    Step parse_head();
    Step check_head();
    Task<Step> read_body();
    Task<Step> read_chunked_body();
    Task<Step> read_sized_body();
    Step parse_chunks();
    bool take_body_at_hand();
    bool take_buffered_body(std::size_t length);
    Task<void> linger();
    Step refuse(int status, std::string code, std::string why);
    Step refuse_parse_error(const boost::system::error_code& error);
    Step step_after_wake();

    bool arm_read();
    void arm_body_read(std::size_t length);
    void reset_for_request();
    void push_head(int status, std::string_view content_type,
                   const std::vector<std::pair<std::string, std::string>>& headers);
    void push_body(HttpReply& reply);
    void schedule_flush();
    void flush();
    Task<void> wait_drain(std::size_t max_bytes, SteadyTime deadline);
    void fail();
    void post_disconnect();
    void fire_disconnect();

    std::shared_ptr<ConnectionContext> context_;
    std::unique_ptr<Transport> transport_;
    std::string peer_;

    HttpRequest request_;
    std::optional<RequestParser> parser_;
    std::optional<HttpReply> refusal_;
    std::size_t head_bytes_ = 0;
    ReadBuffer in_;
    std::size_t body_filled_bytes_ = 0;
    bool read_pending_ = false;
    bool read_into_body_ = false;
    boost::system::error_code read_error_; // sticky: the read side has ended
    Waiter read_waiter_;
    Phase phase_ = Phase::idle;
    bool expired_ = false;
    SteadyTime read_deadline_ = SteadyTime::max();

    SendQueue out_;
    bool write_wait_pending_ = false;
    bool flush_posted_ = false;
    bool failed_ = false; // the write side has ended, or the connection was aborted
    Waiter drain_waiter_;
    SteadyTime write_deadline_ = SteadyTime::max();

    Answer answer_ = Answer::none;
    bool keep_alive_ = true;
    bool http11_ = true;
    bool head_only_ = false; // the answer to HEAD
    bool chunked_ = false;
    std::function<void()> on_disconnect_;
};

} // namespace gatehouse::gateway
