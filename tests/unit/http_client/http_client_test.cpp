#include "tests/unit/http_client/http_stage.hpp"

#include <numeric>

using namespace gatehouse;
using namespace gatehouse::test;

namespace {

void serve_all(Peer& peer, Noted<SeenRequest>& seen) {
    while (auto request = peer.read_request()) {
        const std::string body = "got " + request->body;
        seen.add(std::move(*request));
        peer.answer("200 OK", "X-Kind: plain\r\n", body);
    }
}

} // namespace

TEST_CASE("a request arrives as it was meant, and its answer comes back") {
    Noted<SeenRequest> seen;
    LoopbackServer server([&](Peer& peer, int) { serve_all(peer, seen); });
    HttpClientOptions options;
    options.secret_headers.push_back({"Authorization", Secret("Bearer hunter2")});
    HttpStage stage(server.url("/mcp?a=b"), std::move(options));
    HttpClientRequest request = post("hello");
    request.headers = {{"Content-Type", "application/json"}, {"Mcp-Method", "tools/call"}};
    HttpReply reply = stage.ask(std::move(request));
    REQUIRE(reply.exchange);
    CHECK(reply.exchange->status() == 200);
    CHECK(reply.exchange->header("x-kind") == "plain");
    CHECK(*stage.body_of(reply) == "got hello");
    CHECK(reply.exchange->complete());
    const SeenRequest got = seen.all().at(0);
    CHECK(got.method == "POST");
    CHECK(got.target == "/mcp?a=b");
    CHECK(got.header("host") == "127.0.0.1:" + std::to_string(server.port()));
    CHECK(got.header("mcp-method") == "tools/call");
    CHECK(got.header("authorization") == "Bearer hunter2");
}

TEST_CASE("a connection is kept and used again, and given up when idle for too long") {
    Noted<SeenRequest> seen;
    LoopbackServer server([&](Peer& peer, int) { serve_all(peer, seen); });
    HttpClientOptions options;
    options.idle_max = 150ms;
    HttpStage stage(server.url(), std::move(options));
    for (int i = 0; i < 5; ++i) {
        HttpReply reply = stage.ask(post(std::to_string(i)));
        CHECK(*stage.body_of(reply) == "got " + std::to_string(i));
    }
    CHECK(server.accepted() == 1);
    CHECK(stage.client.open_connections() == 1);
    CHECK(eventually(stage.loop, [&] { return stage.client.open_connections() == 0; }));
    HttpReply reply = stage.ask(post("again"));
    CHECK(stage.body_of(reply));
    CHECK(server.accepted() == 2);
}

TEST_CASE("a kept connection that the server closed is noticed before it is used") {
    LoopbackServer server([&](Peer& peer, int) {
        peer.read_request();
        peer.answer("200 OK", "", "bye");
    });
    HttpStage stage(server.url());
    for (int i = 0; i < 3; ++i) {
        HttpReply reply = stage.ask(post("x"));
        CHECK(*stage.body_of(reply) == "bye");
        std::this_thread::sleep_for(20ms); // the server's end of stream is on its way
    }
    CHECK(server.accepted() == 3);
    CHECK(stage.client.repeated_count() == 0);
}

TEST_CASE("connection: close and an answer without a length end the connection") {
    LoopbackServer server([&](Peer& peer, int number) {
        peer.read_request();
        if (number == 0) {
            peer.answer("200 OK", "Connection: close\r\n", "one");
            peer.client_closed();
        } else {
            peer.send("HTTP/1.1 200 OK\r\n\r\nuntil the end");
        }
    });
    HttpStage stage(server.url());
    HttpReply first = stage.ask(post("x"));
    CHECK(*stage.body_of(first) == "one");
    CHECK(stage.client.open_connections() == 0);
    HttpReply second = stage.ask(post("x"));
    CHECK(*stage.body_of(second) == "until the end");
    CHECK(stage.client.open_connections() == 0);
}

TEST_CASE("a kept connection that dies under a request: only a repeatable one is sent again") {
    // The server takes the second request of a connection and hangs up: nothing tells whether it
    // ran.
    LoopbackServer server([&](Peer& peer, int) {
        peer.read_request();
        peer.answer("200 OK", "", "first");
        peer.read_request();
    });
    HttpStage stage(server.url());
    HttpReply first = stage.ask(post("x"));
    CHECK(stage.body_of(first));
    HttpReply lost = stage.ask(post("x"));
    CHECK(!lost.exchange);
    CHECK(lost.sent == HttpSent::may_have_run);
    CHECK(lost.failure.code == "GH-D202");
    HttpReply second = stage.ask(post("x"));
    CHECK(stage.body_of(second));
    HttpReply repeated = stage.ask(get());
    CHECK(*stage.body_of(repeated) == "first");
    CHECK(stage.client.repeated_count() == 1);
}

TEST_CASE("a fresh connection that dies is never tried again") {
    LoopbackServer server([&](Peer& peer, int) { peer.read_request(); });
    HttpStage stage(server.url());
    HttpReply reply = stage.ask(get());
    CHECK(!reply.exchange);
    CHECK(reply.sent == HttpSent::may_have_run);
    CHECK(server.accepted() == 1);
}

TEST_CASE("an answer that breaks off after its first byte is not asked for again") {
    LoopbackServer server([&](Peer& peer, int number) {
        peer.read_request();
        peer.answer("200 OK", "", "ok");
        peer.read_request();
        if (number == 0) {
            peer.send("HTTP/1.1 2");
        }
    });
    HttpStage stage(server.url());
    HttpReply first = stage.ask(post("x"));
    CHECK(stage.body_of(first));
    HttpReply broken = stage.ask(get());
    CHECK(broken.failure.code == "GH-D202");
    CHECK(broken.sent == HttpSent::may_have_run);
    CHECK(server.accepted() == 1);
}

TEST_CASE("a chunked body is put together, with trailers and extensions passed over") {
    LoopbackServer server([&](Peer& peer, int) {
        while (peer.read_request()) {
            peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n");
            peer.chunk(std::string(70'000, 'x'));
            peer.send("0\r\nX-Trailer: 1\r\n\r\n");
        }
    });
    HttpStage stage(server.url());
    for (int i = 0; i < 2; ++i) {
        HttpReply reply = stage.ask(post("x"));
        CHECK(*stage.body_of(reply) == "hello" + std::string(70'000, 'x'));
    }
    CHECK(server.accepted() == 1);
}

TEST_CASE("interim answers are passed over") {
    LoopbackServer server([&](Peer& peer, int) {
        peer.read_request();
        peer.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
        peer.answer("204 No Content", "", "");
    });
    HttpStage stage(server.url());
    HttpReply reply = stage.ask(post("x"));
    REQUIRE(reply.exchange);
    CHECK(reply.exchange->status() == 204);
    CHECK(reply.exchange->header("link").empty());
    CHECK(reply.exchange->complete());
}

TEST_CASE("a stream is read piece by piece, and the server waits while nobody reads") {
    std::atomic<std::size_t> written = 0;
    std::atomic<bool> ended = false;
    constexpr std::size_t total = 64ULL << 20;
    LoopbackServer server([&](Peer& peer, int) {
        peer.read_request();
        peer.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n");
        const std::string block(1 << 16, 's');
        while (written < total && peer.chunk(block)) {
            written += block.size();
        }
        peer.send("0\r\n\r\n");
        ended = true;
        peer.client_closed();
    });
    HttpStage stage(server.url());
    HttpReply reply = stage.ask(post("x"));
    std::size_t got = stage.piece_of(reply).size();
    // The system's buffers fill, and then the server stands still.
    std::size_t seen = 0;
    REQUIRE(eventually(stage.loop, [&] {
        const std::size_t before = std::exchange(seen, written.load());
        std::this_thread::sleep_for(100ms);
        return before == written && written > 0;
    }));
    CHECK(written < total);
    CHECK(!ended);
    while (got < total) {
        got += stage.piece_of(reply).size();
    }
    CHECK(stage.piece_of(reply) == "<end>");
    CHECK(stage.client.open_connections() == 1);
}

TEST_CASE("events come as they are sent, and leaving the stream closes the connection") {
    std::atomic<bool> left = false;
    Noted<int> go;
    LoopbackServer server([&](Peer& peer, int) {
        peer.read_request();
        peer.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
        peer.send("data: 1\n\n");
        left = peer.client_closed();
    });
    HttpStage stage(server.url());
    {
        HttpReply reply = stage.ask(post("x"));
        CHECK(stage.piece_of(reply) == "data: 1\n\n");
        CHECK(stage.client.open_connections() == 1);
    }
    CHECK(stage.client.open_connections() == 0);
    CHECK(eventually(stage.loop, [&] { return left.load(); }));
}

TEST_CASE("a body longer than the limit is refused, told or untold") {
    LoopbackServer server([&](Peer& peer, int number) {
        peer.read_request();
        if (number == 0) {
            peer.answer("200 OK", "", std::string(101, 'x'));
        } else {
            peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            while (peer.chunk(std::string(50, 'x'))) {
            }
        }
    });
    HttpStage stage(server.url());
    for (int i = 0; i < 2; ++i) {
        HttpReply reply = stage.ask(post("x"));
        const auto body = stage.body_of(reply, 100);
        REQUIRE(!body);
        CHECK(body.error().code == "GH-M402");
    }
    CHECK(stage.client.open_connections() == 0);
}

TEST_CASE("a head that is too long, malformed or smuggled is refused") {
    const std::vector<std::string> answers{
        "HTTP/1.1 200 OK\r\nX: " + std::string(40'000, 'x') + "\r\n\r\n",
        "HTTP/1.1 200 OK\r\n" +
            [] {
                std::string many;
                for (int i = 0; i < 200; ++i) {
                    many += "X: y\r\n";
                }
                return many;
            }() +
            "\r\n",
        "SSH-2.0-OpenSSH\r\n\r\n",
        "HTTP/2 200\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabc",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    };
    LoopbackServer server([&](Peer& peer, int number) {
        peer.read_request();
        peer.send(answers.at(static_cast<std::size_t>(number)));
        peer.client_closed();
    });
    HttpStage stage(server.url());
    for (const std::string& answer : answers) {
        INFO(answer.substr(0, 80));
        const HttpReply reply = stage.ask(post("x"));
        CHECK(!reply.exchange);
        CHECK(reply.failure.code == "GH-M403");
        CHECK(reply.sent == HttpSent::may_have_run);
        CHECK(stage.client.open_connections() == 0);
    }
}

TEST_CASE("bytes behind an answer are never taken for the next one") {
    LoopbackServer server([&](Peer& peer, int) {
        peer.read_request();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n"
                  "Content-Length: 4\r\n\r\nevil");
        peer.client_closed();
    });
    HttpStage stage(server.url());
    for (int i = 0; i < 2; ++i) {
        HttpReply reply = stage.ask(post("x"));
        CHECK(*stage.body_of(reply) == "ok");
    }
    CHECK(server.accepted() == 2);
}

TEST_CASE("a redirect is not followed, and says where it wanted to lead") {
    LoopbackServer server([&](Peer& peer, int) {
        peer.read_request();
        peer.answer("307 Temporary Redirect", "Location: https://evil.example/a?token=1\r\n", "");
    });
    HttpStage stage(server.url());
    const HttpReply reply = stage.ask(post("x"));
    CHECK(!reply.exchange);
    CHECK(reply.failure.code == "GH-D209");
    CHECK(reply.failure.why.find("evil.example") != std::string::npos);
    CHECK(reply.failure.why.find("token") == std::string::npos);
    CHECK(server.accepted() == 1);
}

TEST_CASE("a header that would break the request is refused before anything is sent") {
    LoopbackServer server([](Peer& peer, int) { peer.read_request(); });
    HttpStage stage(server.url());
    for (const HttpHeader& header :
         {HttpHeader{"X", "a\r\nY: b"}, HttpHeader{"X Y", "a"}, HttpHeader{"", "a"},
          HttpHeader{"X", std::string("a\0b", 3)}}) {
        HttpClientRequest request = post("x");
        request.headers = {header};
        const HttpReply reply = stage.ask(std::move(request));
        CHECK(reply.failure.code == "GH-C503");
        CHECK(reply.sent == HttpSent::never_sent);
    }
    CHECK(server.accepted() == 0);
}
