#include "tests/unit/http_client/http_stage.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

using namespace gatehouse;
using namespace gatehouse::test;

namespace {

// A port nobody listens on: bound and closed again.
std::uint16_t free_port() {
    LoopbackServer gone([](Peer&, int) {});
    return gone.port();
}

} // namespace

TEST_CASE("a private address is refused by name and by number, unless it is allowed") {
    std::atomic<int> served = 0;
    LoopbackServer server([&](Peer& peer, int) {
        ++served;
        peer.read_request();
        peer.answer("200 OK", "", "x");
    });
    for (const std::string host : {"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "[::1]"}) {
        const std::string url = "http://" + host + ":" + std::to_string(server.port()) + "/";
        HttpTarget target = *parse_http_target(url);
        HttpStage stage(std::move(target));
        const HttpReply reply = stage.ask(post("x"));
        INFO(host);
        CHECK(!reply.exchange);
        CHECK(reply.failure.code == "GH-D208");
        CHECK(reply.failure.why.find("loopback") != std::string::npos);
        CHECK(!reply.failure.action.empty());
        CHECK(reply.sent == HttpSent::never_sent);
    }
    CHECK(server.accepted() == 0);
    HttpStage allowed("http://localhost:" + std::to_string(server.port()) + "/");
    HttpReply reply = allowed.ask(post("x"));
    CHECK(*allowed.body_of(reply) == "x");
}

TEST_CASE("no server on the port: refused, and nothing was sent") {
    HttpStage stage("http://127.0.0.1:" + std::to_string(free_port()) + "/");
    const HttpReply reply = stage.ask(post("x"));
    CHECK(reply.failure.code == "GH-D202");
    CHECK(reply.sent == HttpSent::never_sent);
    CHECK(stage.client.open_connections() == 0);
}

TEST_CASE("a name without an address is a DNS failure") {
    HttpStage stage("http://no-such-host.invalid/");
    const HttpReply reply = stage.ask(post("x", 10s));
    CHECK(reply.failure.code == "GH-D201");
    CHECK(reply.sent == HttpSent::never_sent);
}

TEST_CASE("a server that never answers: the deadline ends it, and the call may have run") {
    std::atomic<bool> left = false;
    LoopbackServer server([&](Peer& peer, int) {
        peer.read_request();
        left = peer.client_closed();
    });
    HttpStage stage(server.url());
    const HttpReply reply = stage.ask(post("x", 100ms));
    CHECK(!reply.exchange);
    CHECK(reply.failure.code == "GH-D204");
    CHECK(reply.sent == HttpSent::may_have_run);
    CHECK(eventually(stage.loop, [&] { return left.load(); }));
}

TEST_CASE("a body that stops coming ends at its own deadline") {
    LoopbackServer server([&](Peer& peer, int) {
        peer.read_request();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
        peer.client_closed();
    });
    HttpStage stage(server.url());
    HttpReply reply = stage.ask(post("x"));
    CHECK(stage.piece_of(reply) == "half");
    CHECK(stage.piece_of(reply, 100ms) == "GH-D204");
}

TEST_CASE("a server that does not read: sending ends at the deadline") {
    std::string large(64ULL << 20, 'x');
    LoopbackServer deaf([](Peer&, int) { std::this_thread::sleep_for(1s); });
    HttpStage to_deaf(deaf.url());
    const HttpReply reply = to_deaf.ask(post(std::move(large), 200ms));
    CHECK(reply.failure.code == "GH-D204");
    CHECK(reply.sent == HttpSent::may_have_run);
}

TEST_CASE("a refusal that comes before the body was read still arrives") {
    LoopbackServer server([&](Peer& peer, int) {
        peer.answer("413 Content Too Large", "Connection: close\r\n", "too large");
        peer.close_sending();
        peer.client_closed();
    });
    HttpStage stage(server.url());
    HttpReply reply = stage.ask(post(std::string(1 << 20, 'x')));
    REQUIRE(reply.exchange);
    CHECK(reply.exchange->status() == 413);
}

TEST_CASE("abort ends the request wherever it stands, and the server sees it") {
    std::atomic<bool> left = false;
    LoopbackServer server([&](Peer& peer, int) {
        peer.read_request();
        left = peer.client_closed();
    });
    HttpStage stage(server.url());
    HttpClientRequest request = post("x");
    request.limit = std::make_shared<WaitLimit>(stage.loop.get_executor());
    asio::steady_timer soon(stage.loop, 50ms);
    soon.async_wait([limit = request.limit](boost::system::error_code) { limit->abort(); });
    const HttpReply reply = stage.ask(std::move(request));
    CHECK(reply.failure.code == "GH-R704");
    CHECK(reply.sent == HttpSent::may_have_run);
    CHECK(eventually(stage.loop, [&] { return left.load(); }));

    HttpClientRequest late = post("x");
    late.limit = std::make_shared<WaitLimit>(stage.loop.get_executor());
    late.limit->abort();
    const HttpReply refused = stage.ask(std::move(late));
    CHECK(refused.failure.code == "GH-R704");
    CHECK(refused.sent == HttpSent::never_sent);
    CHECK(stage.client.open_connections() == 0);
}

TEST_CASE("cancelling the waiting coroutine closes the connection") {
    std::atomic<bool> left = false;
    Noted<int> asked;
    LoopbackServer server([&](Peer& peer, int) {
        peer.read_request();
        asked.add(1);
        left = peer.client_closed();
    });
    HttpStage stage(server.url());
    asio::cancellation_signal signal;
    bool ended = false;
    asio::co_spawn(stage.loop, stage.client.request(post("x")),
                   asio::bind_cancellation_slot(
                       signal.slot(), [&](std::exception_ptr, HttpReply) { ended = true; }));
    REQUIRE(eventually(stage.loop, [&] { return asked.size() == 1; }));
    signal.emit(asio::cancellation_type::terminal);
    CHECK(eventually(stage.loop, [&] { return ended && left; }));
    CHECK(stage.client.open_connections() == 0);
}

TEST_CASE("one connection too many is refused, and a kept one makes room") {
    LoopbackServer server([&](Peer& peer, int) {
        while (peer.read_request()) {
            peer.answer("200 OK", "", "x");
        }
    });
    HttpClientOptions options;
    options.connections_max_count = 2;
    HttpStage stage(server.url(), std::move(options));
    HttpReply first = stage.ask(post("1"));
    HttpReply second = stage.ask(post("2"));
    const HttpReply third = stage.ask(post("3"));
    CHECK(third.failure.code == "GH-R701");
    CHECK(third.sent == HttpSent::never_sent);
    CHECK(stage.body_of(first));
    HttpReply fourth = stage.ask(post("4"));
    CHECK(stage.body_of(fourth));
    CHECK(server.accepted() == 2);
}

TEST_CASE("a target with a dialler uses the connection that it gives") {
    LoopbackServer server([&](Peer& peer, int) {
        while (auto request = peer.read_request()) {
            peer.answer("200 OK", "", request->header("host"));
        }
    });
    HttpTarget target = *parse_http_target("http://connector.internal/mcp");
    const std::uint16_t port = server.port();
    int dialled = 0;
    target.dial = [port, &dialled]() -> Task<Result<UniqueFd>> {
        ++dialled;
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
            co_return Error{"GH-P301", "no", "", "", ""};
        }
        co_return socket;
    };
    HttpStage stage(std::move(target));
    for (int i = 0; i < 2; ++i) {
        HttpReply reply = stage.ask(post("x"));
        CHECK(*stage.body_of(reply) == "connector.internal");
    }
    CHECK(dialled == 1);
}

TEST_CASE("a dialler's own error is passed on") {
    HttpTarget target = *parse_http_target("http://connector.internal/mcp");
    target.dial = []() -> Task<Result<UniqueFd>> {
        co_return Error{"GH-P301", "it is not running", "", "", ""};
    };
    HttpStage stage(std::move(target));
    const HttpReply reply = stage.ask(post("x"));
    CHECK(reply.failure.code == "GH-P301");
    CHECK(reply.sent == HttpSent::never_sent);
}
