// What a client sends, and how it is read: framing, limits, and what is refused.
#include "http_fixture.hpp"

#include <catch2/catch.hpp>

namespace gatehouse::gateway::test {

namespace {

struct ListeningServer : ServerFixture {
    explicit ListeningServer(HttpLimits limits = {}) : ServerFixture(limits) {
        REQUIRE(server.listen_tcp("127.0.0.1", 0));
        start();
    }
};

HttpLimits small_limits() {
    HttpLimits limits;
    limits.body_max_bytes = 1000;
    limits.header_max_bytes = 2000;
    return limits;
}

ReceivedReply reply_to(const std::string& bytes, HttpLimits limits = {}) {
    ListeningServer server(limits);
    RawClient client(server.port());
    client.send(bytes);
    return client.read_reply();
}

const std::string post_head = "POST /echo HTTP/1.1\r\nHost: a\r\n";

} // namespace

TEST_CASE("one connection serves many requests, one after the other") {
    ListeningServer server;
    RawClient client(server.port());
    for (int i = 0; i < 50; ++i) {
        client.send("GET /echo?q=1 HTTP/1.1\r\nHost: a\r\n\r\n");
        const auto reply = client.read_reply();
        REQUIRE(reply.status == 200);
        REQUIRE(reply.body == "GET /echo ");
        REQUIRE(reply.headers.at("content-type") == "application/json");
    }
}

TEST_CASE("pipelined requests are answered in order") {
    ListeningServer server;
    RawClient client(server.port());
    std::string all;
    for (int i = 0; i < 200; ++i) {
        const std::string body = "n" + std::to_string(i);
        all += post_head + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    }
    client.send(all);
    for (int i = 0; i < 200; ++i) {
        REQUIRE(client.read_reply().body == "POST /echo n" + std::to_string(i));
    }
}

TEST_CASE("a request that comes byte by byte is read") {
    ListeningServer server;
    RawClient client(server.port());
    const std::string text = "\r\n" + post_head + "Content-Length: 3\r\n\r\nabc";
    for (const char c : text) {
        client.send(std::string(1, c));
        std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    REQUIRE(client.read_reply().body == "POST /echo abc");
}

TEST_CASE("a large body arrives whole") {
    ListeningServer server;
    RawClient client(server.port());
    const std::string body = RouteHandler::big_body() + RouteHandler::big_body();
    client.send(post_head + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    REQUIRE(client.read_reply().body == "POST /echo " + body);
    client.send(post_head + "Content-Length: 1\r\n\r\nz");
    REQUIRE(client.read_reply().body == "POST /echo z");
}

TEST_CASE("a chunked body is joined, its extensions and trailers are ignored") {
    ListeningServer server;
    RawClient client(server.port());
    const std::string head = post_head + "Transfer-Encoding: chunked\r\n\r\n";
    client.send(head + "3;x=\"y\"\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: t\r\n\r\n");
    REQUIRE(client.read_reply().body == "POST /echo abcde");
    const std::string big = RouteHandler::big_body();
    client.send(head + "100000\r\n" + big + "\r\n0\r\n\r\n");
    REQUIRE(client.read_reply().body == "POST /echo " + big);
}

TEST_CASE("a client that expects 100-continue is told to go on") {
    ListeningServer server;
    RawClient client(server.port());
    client.send(post_head + "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    REQUIRE(client.read_reply().status == 100);
    client.send("abc");
    REQUIRE(client.read_reply().body == "POST /echo abc");
}

TEST_CASE("a client that expects 100-continue and may not send its body gets the refusal at once") {
    ListeningServer server;
    RawClient client(server.port());
    client.send(
        "POST /refused HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    const auto reply = client.read_reply();
    REQUIRE(reply.status == 401);
    REQUIRE(reply.headers.at("connection") == "close");
    client.send("abc");
    REQUIRE(client.closed_by_server());
    REQUIRE(server.handler.handled_count == 0);
}

TEST_CASE("a body over the limit is refused with 413 before it is read") {
    const auto sized = reply_to(post_head + "Content-Length: 1001\r\n\r\n" + std::string(1001, 'x'),
                                small_limits());
    REQUIRE(sized.status == 413);
    REQUIRE(sized.body.find("GH-R703") != std::string::npos);
    const auto exact = reply_to(post_head + "Content-Length: 1000\r\n\r\n" + std::string(1000, 'x'),
                                small_limits());
    REQUIRE(exact.status == 200);
    const auto huge = reply_to(post_head + "Content-Length: 18446744073709551615\r\n\r\n");
    REQUIRE(huge.status == 413);
}

TEST_CASE("a chunked body over the limit is refused with 413") {
    const std::string head = post_head + "Transfer-Encoding: chunked\r\n\r\n";
    REQUIRE(reply_to(head + "3e9\r\n", small_limits()).status == 413);
    const std::string part = "1f4\r\n" + std::string(500, 'x') + "\r\n";
    REQUIRE(reply_to(head + part + part + "1\r\nx\r\n0\r\n\r\n", small_limits()).status == 413);
    REQUIRE(reply_to(head + part + part + "0\r\n\r\n", small_limits()).status == 200);
    REQUIRE(reply_to(head + "ffffffffffffffff\r\n").status == 413);
}

TEST_CASE("a client that still sends 8 MiB over the limit reads the 413") {
    ListeningServer server;
    RawClient client(server.port());
    client.send(post_head + "Content-Length: 8388608\r\n\r\n" + std::string(8 << 20, 'x'));
    REQUIRE(client.read_reply().status == 413);
}

TEST_CASE("a head over the limit is refused with 431") {
    const std::string line = "GET /echo HTTP/1.1\r\nHost: a\r\n";
    REQUIRE(reply_to(line + "X: " + std::string(3000, 'x') + "\r\n\r\n", small_limits()).status ==
            431);
    REQUIRE(reply_to(line + "X: " + std::string(40000, 'x')).status == 431);
    REQUIRE(reply_to("GET /" + std::string(40000, 'x')).status == 431);
    std::string fields;
    for (int i = 0; i < 200; ++i) {
        fields += "X: y\r\n";
    }
    REQUIRE(reply_to(line + fields + "\r\n").status == 431);
    REQUIRE(reply_to(line + "X: " + std::string(1900, 'x') + "\r\n\r\n", small_limits()).status ==
            200);
}

TEST_CASE("a head that does not arrive in time is refused with 408") {
    HttpLimits limits;
    limits.head_deadline = std::chrono::milliseconds(100);
    REQUIRE(reply_to("GET /echo HTT", limits).status == 408);
    REQUIRE(reply_to(post_head + "Content-Length: 3\r\n\r\na", limits).status == 408);
}

TEST_CASE("an idle connection is closed without a word") {
    HttpLimits limits;
    limits.idle_deadline = std::chrono::milliseconds(100);
    ListeningServer server(limits);
    RawClient client(server.port());
    client.send("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
    REQUIRE(client.read_reply().status == 200);
    REQUIRE(client.closed_by_server());
}

TEST_CASE("fields that make a request ambiguous are refused") {
    const std::string body = "\r\n\r\nabc";
    REQUIRE(reply_to(post_head + "Content-Length: 3\r\nContent-Length: 3" + body).status == 400);
    REQUIRE(reply_to(post_head + "Content-Length: 3, 3" + body).status == 400);
    REQUIRE(reply_to(post_head + "Content-Length: +3" + body).status == 400);
    REQUIRE(reply_to(post_head + "Content-Length: -3" + body).status == 400);
    REQUIRE(reply_to(post_head + "Content-Length: 0x3" + body).status == 400);
    REQUIRE(reply_to(post_head + "Content-Length:" + body).status == 400);
    REQUIRE(reply_to(post_head + "Content-Length: 3\r\nTransfer-Encoding: chunked" + body).status ==
            400);
    REQUIRE(reply_to(post_head + "Transfer-Encoding: chunked\r\nContent-Length: 3" + body).status ==
            400);
    REQUIRE(reply_to(post_head + "Transfer-Encoding: gzip, chunked" + body).status == 400);
    REQUIRE(reply_to(post_head + "Transfer-Encoding: identity" + body).status == 400);
    REQUIRE(reply_to(post_head + "Transfer-Encoding: xchunked" + body).status == 400);
    REQUIRE(reply_to(post_head + "Transfer-Encoding : chunked" + body).status == 400);
    REQUIRE(reply_to(post_head + "Host: b\r\n\r\n").status == 400);
    REQUIRE(reply_to("GET /echo HTTP/1.1\r\n\r\n").status == 400);
    REQUIRE(reply_to("POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").status ==
            400);
}

TEST_CASE("what is no request line is refused") {
    REQUIRE(reply_to("\x16\x03\x01\x02").status == 400);
    REQUIRE(reply_to("GET\r\n\r\n").status == 400);
    REQUIRE(reply_to("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n").status == 505);
    REQUIRE(reply_to("GET /a FTP/1.1\r\nHost: a\r\n\r\n").status >= 400);
    REQUIRE(reply_to("GET /a HTTP/2.0\r\nHost: a\r\n\r\n").status == 505);
    REQUIRE(reply_to("G@T /a HTTP/1.1\r\nHost: a\r\n\r\n").status == 400);
    REQUIRE(reply_to("GET /a HTTP/1.1\nHost: a\n\n").status == 505);
    REQUIRE(reply_to("GET /a HTTP/1.1\r\nHost: a\r\nX y: z\r\n\r\n").status == 400);
    REQUIRE(reply_to(post_head + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n").status == 400);
}

TEST_CASE("methods that the server does not know are left to the handler") {
    REQUIRE(reply_to("BREW /echo HTTP/1.1\r\nHost: a\r\n\r\n").body == "BREW /echo ");
    REQUIRE(reply_to("DELETE /echo HTTP/1.1\r\nHost: a\r\n\r\n").body == "DELETE /echo ");
}

TEST_CASE("an HTTP/1.0 client is served and its connection closed, unless it asks to keep it") {
    ListeningServer server;
    RawClient once(server.port());
    once.send("GET /echo HTTP/1.0\r\n\r\n");
    REQUIRE(once.read_reply().body == "GET /echo ");
    REQUIRE(once.closed_by_server());
    RawClient kept(server.port());
    for (int i = 0; i < 2; ++i) {
        kept.send("GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        REQUIRE(kept.read_reply().headers.at("connection") == "keep-alive");
    }
}

TEST_CASE("header names are compared without case and duplicates are counted") {
    HttpRequest request;
    request.target = "/a/b?c=d?e";
    request.headers = {{"Accept", "x"}, {"ACCEPT", "y"}};
    REQUIRE(request.path() == "/a/b");
    REQUIRE(request.header("accept") == "x");
    REQUIRE(request.header_count("aCCept") == 2);
    REQUIRE_FALSE(request.header("Accep").has_value());
}

} // namespace gatehouse::gateway::test
