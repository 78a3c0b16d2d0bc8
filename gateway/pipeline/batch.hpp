// BatchOutput, BatchPart: the answers to the messages of one batch (MCP 2025-03-26), gathered into
// one: a JSON array, or an event stream as soon as one of them streams. One event loop.
#pragma once

#include "gateway/http/server.hpp"
#include "runtime/base/task.hpp"

#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <deque>
#include <memory>
#include <vector>

namespace gatehouse::gateway {

class BatchPart;

class BatchOutput {
  public:
    explicit BatchOutput(Executor executor) : wake_(executor), room_(executor) {}

    // A BatchPart for it will be made.
    void expect_part() { ++unfinished_; }
    // A complete answer; one without a body says nothing.
    void add(HttpReply answer);

    // Completes the responder once every part has ended.
    static Task<void> deliver(std::shared_ptr<BatchOutput> output, HttpResponder& responder);

  private:
    friend class BatchPart;
    struct Item {
        HttpReply pieces;
        bool is_event = false; // already in the form of an event stream
    };

    void push(Item item);
    void on_client_gone();
    Task<void> wait_for_room();
    Task<void> wait_for_work();
    Task<void> deliver_array(HttpResponder& responder);
    Task<void> deliver_stream(HttpResponder& responder);

    std::deque<Item> items_;
    std::size_t queued_bytes_ = 0;
    std::size_t unfinished_ = 0;
    bool streaming_ = false;
    bool gone_ = false;
    std::vector<BatchPart*> parts_;
    asio::steady_timer wake_;
    asio::steady_timer room_;
};

// Stands for the connection where one message of the batch is answered.
class BatchPart final : public HttpResponder {
  public:
    explicit BatchPart(BatchOutput& output);
    ~BatchPart() override;

    Task<void> send(HttpReply reply) override;
    Task<bool> start_stream(int status, std::string content_type,
                            std::vector<std::pair<std::string, std::string>> headers) override;
    Task<bool> write(std::string bytes) override;
    Task<bool> write_reply_body(HttpReply body_pieces) override;
    Task<void> finish() override;
    void on_disconnect(std::function<void()> handler) override;

  private:
    friend class BatchOutput;
    BatchOutput& output_;
    std::function<void()> on_disconnect_;
};

} // namespace gatehouse::gateway
