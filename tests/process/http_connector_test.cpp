// Unmodified HTTP servers as connectors: they listen on their own loopback and answer a request
// that the daemon sends over a dialled connection.
#include "tests/process/dial_fixture.hpp"

#include <catch2/catch.hpp>
#include <sys/socket.h>
#include <unistd.h>

using namespace gatehouse;
using namespace gatehouse::testing;
using namespace std::chrono_literals;

namespace {

std::string get(DialFixture& fixture, RunningConnector& connector) {
    const UniqueFd socket = fixture.dial_ok(connector, 8000);
    const std::string request = "GET /hello HTTP/1.1\r\nHost: localhost:8000\r\n"
                                "Connection: close\r\n\r\n";
    REQUIRE(send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(request.size()));
    return fixture.read_all(socket.get());
}

void check_server(DialFixture& fixture, std::vector<std::string> command) {
    RunningConnector connector = fixture.start(std::move(command));
    for (int i = 0; i < 20; ++i) {
        const std::string answer = get(fixture, connector);
        INFO(answer);
        CHECK(answer.find(" 200 ") != std::string::npos);
        CHECK(answer.find("hello from the sandbox") != std::string::npos);
    }
    fixture.stop(connector);
}

} // namespace

TEST_CASE("a python ThreadingHTTPServer in the sandbox answers") {
    if (access("/usr/bin/python3", X_OK) != 0) {
        WARN("skipped: there is no /usr/bin/python3");
        return;
    }
    DialFixture fixture;
    write_file(fixture.code_dir() / "server.py", R"(
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Hello(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_GET(self):
        body = b'hello from the sandbox'
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

server = ThreadingHTTPServer(('127.0.0.1', 8000), Hello)
print('ready', flush=True)
server.serve_forever()
)");
    check_server(fixture, {"/usr/bin/python3", "server.py"});
}

TEST_CASE("a node http server in the sandbox answers, on 127.0.0.1, on localhost and on all") {
    if (access("/usr/bin/node", X_OK) != 0) {
        WARN("skipped: there is no /usr/bin/node");
        return;
    }
    DialFixture fixture;
    write_file(fixture.code_dir() / "server.js", R"(
const server = require('http').createServer((request, response) => {
    response.writeHead(200, {'content-type': 'text/plain'});
    response.end('hello from the sandbox');
});
server.listen(8000, process.argv[2], () => console.log('ready'));
)");
    check_server(fixture, {"/usr/bin/node", "server.js", "127.0.0.1"});
    check_server(fixture, {"/usr/bin/node", "server.js", "localhost"});
    check_server(fixture, {"/usr/bin/node", "server.js", "::1"});
    check_server(fixture, {"/usr/bin/node", "server.js", "::"});
}
