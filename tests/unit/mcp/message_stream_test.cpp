#include "gateway/mcp/client_sessions.hpp"
#include "gateway/mcp/message_stream.hpp"
#include "runtime/base/task_group.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <catch2/catch.hpp>

using namespace gatehouse;
using namespace gatehouse::gateway;
using Weight = MessageStream::Weight;

namespace {

// A connection that takes what it is given, holds still, or breaks.
class Peer final : public HttpResponder {
  public:
    explicit Peer(Executor executor) : gate_(executor) {}
    Task<void> send(HttpReply) override { co_return; }
    Task<bool> start_stream(int, std::string type,
                            std::vector<std::pair<std::string, std::string>> given) override {
        content_type = std::move(type);
        headers = std::move(given);
        co_return !broken;
    }
    Task<bool> write(std::string bytes) override {
        co_await pass_gate();
        if (!broken) {
            body += bytes;
        }
        co_return !broken;
    }
    Task<bool> write_reply_body(HttpReply reply) override {
        answer_storage = reply.body.data();
        std::string bytes = reply.body_prefix +
                            reply.body.substr(reply.body_offset, reply.body_length) +
                            reply.body_suffix;
        return write(std::move(bytes));
    }
    Task<void> finish() override {
        finished = true;
        co_return;
    }
    void on_disconnect(std::function<void()> handler) override { hang_up = std::move(handler); }
    void open_gate() {
        slow = false;
        gate_.cancel();
    }

    std::string content_type, body;
    std::vector<std::pair<std::string, std::string>> headers;
    const char* answer_storage = nullptr;
    bool finished = false;
    bool broken = false;
    bool slow = false;
    std::function<void()> hang_up;

  private:
    Task<void> pass_gate() {
        while (slow) {
            boost::system::error_code ignored;
            gate_.expires_after(std::chrono::hours(1));
            auto token = asio::redirect_error(asio::use_awaitable, ignored);
            co_await gate_.async_wait(token);
        }
    }
    asio::steady_timer gate_;
};

struct StreamFixture {
    asio::io_context loop{1};
    TaskGroup tasks{loop.get_executor()};
    Executor executor() { return loop.get_executor(); }
    std::shared_ptr<MessageStream> make(std::string prefix, int retry_ms = 0,
                                        std::size_t backlog = 1000, std::size_t replay = 1000) {
        MessageStreamOptions options;
        options.event_id_prefix = std::move(prefix);
        options.priming_retry = std::chrono::milliseconds(retry_ms);
        options.backlog_max_bytes = backlog;
        options.replay_max_bytes = replay;
        return std::make_shared<MessageStream>(executor(), options);
    }
    void serve(const std::shared_ptr<MessageStream>& stream, Peer& peer, std::uint64_t after = 0) {
        tasks.spawn("serve", MessageStream::serve(stream, peer, after));
        turn();
    }
    void turn() {
        loop.restart();
        loop.poll();
    }
};

HttpReply answer_of(std::string text) {
    HttpReply reply;
    reply.body_prefix = R"({"jsonrpc":"2.0","id":1,"result":)";
    reply.body = std::move(text);
    reply.body_suffix = "}";
    return reply;
}

} // namespace

TEST_CASE("a stream delivers its messages in order, each with its event id, and ends behind the "
          "answer") {
    StreamFixture fixture;
    Peer peer(fixture.executor());
    const auto stream = fixture.make("7-", 3000);
    CHECK(stream->push("{\"a\":1}", Weight::may_be_lost));
    fixture.serve(stream, peer);
    CHECK(stream->attached());
    CHECK(peer.content_type == "text/event-stream");
    CHECK(peer.headers == std::vector<std::pair<std::string, std::string>>{
                              {"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}});
    CHECK(stream->push("{\"b\":\r\n2}", Weight::must_arrive));
    fixture.turn();
    CHECK_FALSE(peer.finished);
    CHECK_FALSE(stream->delivered());
    stream->push_last(answer_of("{}"));
    fixture.turn();
    CHECK(peer.finished);
    CHECK(stream->delivered());
    CHECK_FALSE(stream->attached());
    CHECK(peer.body == "id: 7-0\nretry: 3000\ndata: \n\n"
                       "id: 7-1\nevent: message\ndata: {\"a\":1}\n\n"
                       "id: 7-2\nevent: message\ndata: {\"b\":  2}\n\n"
                       "id: 7-3\nevent: message\ndata: "
                       "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\n");
    CHECK_FALSE(stream->push("late", Weight::must_arrive));
}

TEST_CASE("a client that comes back gets what it missed of that stream, the answer included") {
    StreamFixture fixture;
    Peer first(fixture.executor()), second(fixture.executor()), third(fixture.executor());
    const auto stream = fixture.make("1-");
    stream->push("\"one\"", Weight::may_be_lost);
    stream->push("\"two\"", Weight::may_be_lost);
    fixture.serve(stream, first);
    first.hang_up();
    fixture.turn();
    CHECK(first.finished);
    CHECK_FALSE(stream->attached());
    stream->push("\"three\"", Weight::may_be_lost);
    stream->push_last(answer_of("4"));
    fixture.serve(stream, second, 1);
    CHECK(second.body.find("one") == std::string::npos);
    CHECK(second.body.find("id: 1-2\nevent: message\ndata: \"two\"") == 0);
    CHECK(second.body.find("id: 1-3\n") != std::string::npos);
    CHECK(second.body.find("\"result\":4") != std::string::npos);
    CHECK(second.finished);
    fixture.serve(stream, third, 3);
    CHECK(third.body.find("three") == std::string::npos);
    CHECK(third.body.find("\"result\":4") != std::string::npos);
}

TEST_CASE("a message whose write failed is sent again on the next connection") {
    StreamFixture fixture;
    Peer first(fixture.executor()), second(fixture.executor());
    const auto stream = fixture.make("1-");
    fixture.serve(stream, first);
    first.broken = true;
    stream->push("\"one\"", Weight::must_arrive);
    fixture.turn();
    CHECK(first.finished);
    fixture.serve(stream, second, MessageStream::behind_delivered);
    CHECK(second.body.find("\"one\"") != std::string::npos);
    stream->close();
    fixture.turn();
}

TEST_CASE("a newer connection takes the stream over") {
    StreamFixture fixture;
    Peer first(fixture.executor()), second(fixture.executor());
    const auto stream = fixture.make("0-");
    fixture.serve(stream, first);
    stream->push("\"one\"", Weight::must_arrive);
    fixture.turn();
    fixture.serve(stream, second, MessageStream::behind_delivered);
    CHECK(first.finished);
    CHECK(stream->attached());
    stream->push("\"two\"", Weight::must_arrive);
    fixture.turn();
    CHECK(first.body.find("two") == std::string::npos);
    CHECK(second.body.find("one") == std::string::npos);
    CHECK(second.body.find("two") != std::string::npos);
    stream->close();
    fixture.turn();
    CHECK(second.finished);
}

TEST_CASE("a client that does not read loses what may be lost, and nothing else") {
    StreamFixture fixture;
    Peer peer(fixture.executor());
    const auto stream = fixture.make("1-", 0, 100);
    peer.slow = true;
    fixture.serve(stream, peer);
    const std::string message(30, '1');
    CHECK(stream->push(message, Weight::may_be_lost));
    CHECK(stream->push(message, Weight::may_be_lost));
    CHECK(stream->push(message, Weight::may_be_lost));
    CHECK_FALSE(stream->push(message, Weight::may_be_lost));
    CHECK(stream->push(std::string(60, '2'), Weight::must_arrive));
    CHECK_FALSE(stream->push(std::string(90, '3'), Weight::must_arrive));
    CHECK(stream->dropped_count() >= 3);
    stream->push_last(answer_of(std::string(5000, '4')));
    fixture.turn();
    CHECK_FALSE(peer.finished);
    peer.open_gate();
    fixture.turn();
    CHECK(peer.finished);
    CHECK(peer.body.find("2222") != std::string::npos);
    CHECK(peer.body.find("3333") == std::string::npos);
    CHECK(peer.body.find("4444") != std::string::npos);
}

TEST_CASE("a large answer is written from its own storage") {
    StreamFixture fixture;
    Peer peer(fixture.executor());
    const auto stream = fixture.make("1-");
    HttpReply answer = answer_of(std::string(100'000, '5'));
    const char* const storage = answer.body.data();
    stream->push_last(std::move(answer));
    fixture.serve(stream, peer);
    CHECK(peer.answer_storage == storage);
    CHECK(stream->delivered());
    CHECK(stream->kept_bytes() == 0);
}

TEST_CASE("without event ids nothing is kept once it was written") {
    StreamFixture fixture;
    Peer peer(fixture.executor());
    const auto stream = fixture.make("");
    fixture.serve(stream, peer);
    stream->push("\"one\"", Weight::must_arrive);
    fixture.turn();
    CHECK(stream->kept_bytes() == 0);
    CHECK(peer.body == "event: message\ndata: \"one\"\n\n");
    CHECK(peer.hang_up == nullptr);
    stream->close();
    fixture.turn();
}

TEST_CASE("the bytes kept for replays are counted over all streams and returned") {
    StreamFixture fixture;
    const auto total = std::make_shared<std::size_t>(0);
    MessageStreamOptions options;
    options.event_id_prefix = "1-";
    options.kept_total_bytes = total;
    options.kept_total_max_bytes = 1000;
    for (int i = 0; i < 10'000; ++i) {
        const auto stream = std::make_shared<MessageStream>(fixture.executor(), options);
        stream->push("\"0123456789\"", Weight::may_be_lost);
        stream->push_last(answer_of("1"));
        CHECK(*total > 40);
    }
    CHECK(*total == 0);
    const auto stream = std::make_shared<MessageStream>(fixture.executor(), options);
    stream->push_last(answer_of(std::string(2000, '1')));
    CHECK(*total == 0);
    CHECK(stream->dropped_count() == 1);
}

TEST_CASE("a session finds its streams by event id, and keeps only so many") {
    StreamFixture fixture;
    ClientSession session;
    session.protocol_version = "2025-11-25";
    const auto first = session.open_stream(fixture.executor());
    const auto second = session.open_stream(fixture.executor());
    CHECK(session.resume("1-4").stream == first);
    CHECK(session.resume("1-4").after == 4);
    CHECK(session.resume("2-0").stream == second);
    CHECK(session.resume("3-0").stream == nullptr);
    for (const char* bad : {"", "1", "-", "1-", "x-1", "1-1-1", "99999999999999999999-1"}) {
        CHECK(session.resume(bad).stream == nullptr);
    }
    CHECK(session.resume("0-1").stream == nullptr);
    const auto standalone = session.standalone(fixture.executor());
    CHECK(session.resume("0-1").stream == standalone);
    for (int i = 0; i < 10'000; ++i) {
        session.open_stream(fixture.executor())->close();
    }
    CHECK(session.resume("2-0").stream == second);
    CHECK(session.resume("9000-0").stream == nullptr);
    session.close();
    CHECK(second->ended());
    CHECK(standalone->ended());
}

TEST_CASE("a request to the client is answered once, by the id it was sent with") {
    StreamFixture fixture;
    ClientSession session;
    const auto stream = session.open_stream(fixture.executor());
    std::vector<std::string> answers;
    const auto note = [&](std::string result, std::string error) {
        answers.push_back(result + "|" + error);
    };
    CHECK(session.ask(*stream, "elicitation/create", R"({"message":"?"})", note) == 1);
    CHECK(session.ask(*stream, "roots/list", "", note) == 2);
    CHECK_FALSE(session.settle("3", "{}", ""));
    CHECK_FALSE(session.settle("\"1\"", "{}", ""));
    CHECK(session.settle("1", R"({"action":"accept"})", ""));
    CHECK_FALSE(session.settle("1", "{}", ""));
    session.withdraw(*stream, 2);
    session.withdraw(*stream, 2);
    CHECK_FALSE(session.settle("2", "{}", ""));
    CHECK(session.ask(*stream, "roots/list", "", note) == 3);
    session.close();
    CHECK(answers ==
          std::vector<std::string>{R"({"action":"accept"}|)",
                                   R"(|{"code":-32000,"message":"the client's session ended"})"});
    Peer peer(fixture.executor());
    fixture.serve(stream, peer);
    CHECK(peer.body.find(R"({"jsonrpc":"2.0","id":1,"method":"elicitation/create",)"
                         R"("params":{"message":"?"}})") != std::string::npos);
    CHECK(peer.body.find(R"("method":"notifications/cancelled","params":{"requestId":2})") !=
          std::string::npos);
}

TEST_CASE("no more than 64 requests to one client are open") {
    StreamFixture fixture;
    ClientSession session;
    const auto stream = session.open_stream(fixture.executor());
    const auto ignore = [](std::string, std::string) {};
    for (int i = 0; i < 64; ++i) {
        CHECK(session.ask(*stream, "roots/list", "", ignore) != 0);
    }
    CHECK(session.ask(*stream, "roots/list", "", ignore) == 0);
}
