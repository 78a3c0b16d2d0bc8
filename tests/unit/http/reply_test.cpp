// What the server sends: replies, streams, disconnects, stop, and its listening sockets.
#include "http_fixture.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace gatehouse::gateway::test {

namespace {

struct TcpServer : ServerFixture {
    explicit TcpServer(HttpLimits limits = {}) : ServerFixture(limits) {
        REQUIRE(server.listen_tcp("127.0.0.1", 0));
        start();
    }
};

std::string get(const std::string& path) {
    return "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

struct TemporaryFolder {
    TemporaryFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "gh-http-XXXXXX").string();
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        path = pattern;
    }
    ~TemporaryFolder() { std::filesystem::remove_all(path); }
    std::filesystem::path path;
};

} // namespace

TEST_CASE("a reply of 1 MiB in pieces arrives byte for byte") {
    TcpServer server;
    RawClient client(server.port());
    for (int i = 0; i < 5; ++i) {
        client.send(get("/big"));
        REQUIRE(client.read_reply().body == "<<" + RouteHandler::big_body() + ">>");
    }
}

TEST_CASE("the answer to HEAD has the length and no body") {
    TcpServer server;
    RawClient client(server.port());
    client.send("HEAD /echo HTTP/1.1\r\nHost: a\r\n\r\n" + get("/echo"));
    const auto head = client.read_reply(true);
    REQUIRE(head.status == 200);
    REQUIRE(head.headers.at("content-length") == "11");
    REQUIRE(client.read_reply().body == "GET /echo ");
}

TEST_CASE("a 204 has neither body nor length") {
    TcpServer server;
    RawClient client(server.port());
    client.send(get("/nothing") + get("/echo"));
    const auto reply = client.read_reply(true);
    REQUIRE(reply.status == 204);
    REQUIRE(reply.headers.count("content-length") == 0);
    REQUIRE(client.read_reply().body == "GET /echo ");
}

TEST_CASE("a header value cannot begin a header of its own") {
    TcpServer server;
    RawClient client(server.port());
    client.send(get("/inject"));
    const auto reply = client.read_reply();
    REQUIRE(reply.headers.at("x-good") == "a  X-Bad: b");
    REQUIRE(reply.headers.count("x-bad") == 0);
    REQUIRE(reply.headers.count("bad name") == 0);
    REQUIRE(reply.headers.at("content-length") == "0");
}

TEST_CASE("a handler that does not answer or throws becomes a 500") {
    TcpServer server;
    for (const char* path : {"/silent", "/throw"}) {
        RawClient client(server.port());
        client.send(get(path));
        REQUIRE(client.read_reply().status == 500);
        REQUIRE(client.closed_by_server());
    }
}

TEST_CASE("a stream arrives in chunks and the connection goes on") {
    TcpServer server;
    RawClient client(server.port());
    for (int i = 0; i < 3; ++i) {
        client.send(get("/stream"));
        const auto reply = client.read_reply();
        REQUIRE(reply.headers.at("transfer-encoding") == "chunked");
        REQUIRE(reply.body == "one two three");
    }
    RawClient old(server.port());
    old.send("GET /stream HTTP/1.0\r\n\r\n");
    REQUIRE(old.read_reply().body == "one two three");
}

TEST_CASE("a stream whose reader hangs up ends") {
    TcpServer server;
    RawClient client(server.port());
    client.send(get("/flood"));
    REQUIRE(client.read_reply(true).status == 200);
    client.close();
    REQUIRE(eventually([&] { return server.handler.flood_ended.load(); }));
}

TEST_CASE("a stream whose reader does not read waits at a bounded backlog") {
    TcpServer server;
    RawClient client(server.port());
    client.send(get("/flood"));
    REQUIRE(client.read_reply(true).status == 200);
    RawClient other(server.port());
    other.send(get("/echo"));
    REQUIRE(other.read_reply().status == 200);
    REQUIRE_FALSE(server.handler.flood_ended);
}

TEST_CASE("on_disconnect fires when the peer hangs up while the handler works") {
    TcpServer server;
    RawClient client(server.port());
    client.send(get("/wait"));
    REQUIRE(eventually([&] { return server.handler.waiting_count == 1; }));
    REQUIRE(server.handler.disconnect_count == 0);
    client.close();
    REQUIRE(eventually([&] { return server.handler.disconnect_count == 1; }));
}

TEST_CASE("on_disconnect fires for a peer that had hung up before it was set") {
    TcpServer server;
    {
        RawClient client(server.port());
        client.send(get("/wait"));
    }
    REQUIRE(eventually([&] { return server.handler.disconnect_count == 1; }));
}

TEST_CASE("requests pipelined behind a watched one are served after it") {
    TcpServer server;
    RawClient client(server.port());
    client.send(get("/wait"));
    REQUIRE(eventually([&] { return server.handler.waiting_count == 1; }));
    const std::string body(300'000, 'p');
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n" + body +
                get("/echo"));
    server.handler.released = true;
    REQUIRE(client.read_reply().body == "released");
    REQUIRE(client.read_reply().body == "POST /echo " + body);
    REQUIRE(client.read_reply().body == "GET /echo ");
    REQUIRE(server.handler.disconnect_count == 0);
}

TEST_CASE("stop lets a request under way finish and closes the rest") {
    TcpServer server;
    RawClient idle(server.port());
    RawClient busy(server.port());
    idle.send(get("/echo"));
    REQUIRE(idle.read_reply().status == 200);
    busy.send(get("/wait"));
    REQUIRE(eventually([&] { return server.handler.waiting_count == 1; }));
    std::thread stopper([&] { server.stop(std::chrono::seconds(10)); });
    REQUIRE(idle.closed_by_server());
    server.handler.released = true;
    const auto reply = busy.read_reply();
    REQUIRE(reply.body == "released");
    REQUIRE(reply.headers.at("connection") == "close");
    stopper.join();
}

TEST_CASE("stop ends a request that outlasts the grace period") {
    TcpServer server;
    RawClient busy(server.port());
    busy.send(get("/wait"));
    REQUIRE(eventually([&] { return server.handler.waiting_count == 1; }));
    server.stop(std::chrono::milliseconds(20));
    REQUIRE(server.handler.disconnect_count == 1);
    REQUIRE(busy.closed_by_server());
}

TEST_CASE("clients over the limit of connections get a 503") {
    HttpLimits limits;
    limits.connections_max_count = 1;
    TcpServer server(limits);
    RawClient first(server.port());
    first.send(get("/echo"));
    REQUIRE(first.read_reply().status == 200);
    RawClient second(server.port());
    REQUIRE(second.read_reply().status == 503);
    first.send(get("/echo"));
    REQUIRE(first.read_reply().status == 200);
}

TEST_CASE("a port in use is an error that says what to do") {
    TcpServer first;
    ServerFixture second;
    const auto refused = second.server.listen_tcp("127.0.0.1", first.port());
    REQUIRE_FALSE(refused);
    REQUIRE(refused.error().code == "GH-C520");
    REQUIRE(refused.error().why.find("EADDRINUSE") != std::string::npos);
    REQUIRE(refused.error().action.find("ss -ltnp") != std::string::npos);
    REQUIRE_FALSE(second.server.listen_tcp("192.0.2.1", 0));
    REQUIRE_FALSE(second.server.listen_tcp("not a host", 0));
}

TEST_CASE("the unix socket is for its owner, tells the peer's uid and goes away at the end") {
    TemporaryFolder folder;
    const auto path = folder.path / "admin.sock";
    {
        ServerFixture server;
        REQUIRE(server.server.listen_unix(path));
        server.start();
        struct stat status{};
        REQUIRE(::stat(path.c_str(), &status) == 0);
        REQUIRE((status.st_mode & 0777) == 0600);
        RawClient client(path.string());
        client.send(get("/echo"));
        REQUIRE(client.read_reply().headers.at("x-peer") == "uid:" + std::to_string(::getuid()));
    }
    REQUIRE_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a stale socket file is replaced; a live one and other files are not") {
    TemporaryFolder folder;
    const auto path = folder.path / "admin.sock";
    const int stale = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.native().copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(stale, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    ::close(stale);
    ServerFixture first;
    REQUIRE(first.server.listen_unix(path));
    ServerFixture second;
    const auto live = second.server.listen_unix(path);
    REQUIRE_FALSE(live);
    REQUIRE(live.error().code == "GH-C520");
    const auto plain = folder.path / "plain";
    std::ofstream(plain) << "text";
    REQUIRE_FALSE(second.server.listen_unix(plain));
    REQUIRE(std::filesystem::exists(plain));
    REQUIRE_FALSE(second.server.listen_unix(folder.path / std::string(120, 'x')));
}

TEST_CASE("every socket of the server is close-on-exec") {
    TcpServer server;
    RawClient client(server.port());
    client.send(get("/wait"));
    REQUIRE(eventually([&] { return server.handler.waiting_count == 1; }));
    int socket_count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        const int fd = std::stoi(entry.path().filename().string());
        struct stat status{};
        if (fd > 2 && ::fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode)) {
            ++socket_count;
            REQUIRE((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
        }
    }
    REQUIRE(socket_count >= 3);
}

} // namespace gatehouse::gateway::test
