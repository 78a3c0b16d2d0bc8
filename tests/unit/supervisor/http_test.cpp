// Connectors that listen on HTTP inside of their sandbox, with the real session.
#include "tests/unit/supervisor/scope_stage.hpp"

using namespace gatehouse;
using namespace gatehouse::runtime;
using namespace gatehouse::runtime::test;

namespace {

constexpr const char* http_server_source = R"py(
import json, os, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
mode, port = sys.argv[1], int(sys.argv[2])
print("hello from stdout", flush=True)
print("hello from stderr", file=sys.stderr, flush=True)
class Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *args): pass
    def reply(self, status, value=None, headers={}):
        body = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        for name, text in {"Content-Type": "application/json", "Content-Length": len(body), **headers}.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self): self.reply(405)
    def do_DELETE(self):
        print("session ended", flush=True)
        self.reply(200)
    def do_POST(self):
        m = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/mcp": return self.reply(404)
        if "id" not in m: return self.reply(202)
        def result(value, headers={}): self.reply(200, {"jsonrpc": "2.0", "id": m["id"], "result": value}, headers)
        method = m["method"]
        if method == "initialize":
            result({"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
                    "serverInfo": {"name": "h", "version": "1"}}, {"Mcp-Session-Id": "abc"})
        elif method == "tools/list":
            result({"tools": [{"name": "pid", "inputSchema": {"type": "object"}}]})
        elif method == "tools/call":
            name = m["params"]["name"]
            if name == "exit": os._exit(3)
            text = self.headers.get("X-Key", "no key") if name == "key" else name
            result({"content": [{"type": "text", "text": text}]})
        else: self.reply(400, {"jsonrpc": "2.0", "id": m["id"], "error": {"code": -32601, "message": "no"}})
if mode == "deaf": time.sleep(600)
if mode == "late": time.sleep(0.4)
ThreadingHTTPServer(("127.0.0.1", port), Server).serve_forever()
)py";

struct HttpStage : ScopeStage {
    HttpStage() {
        std::ofstream(folder / "code" / "web.py") << http_server_source;
        ::chmod((folder / "code" / "web.py").c_str(), 0644);
    }
    ConnectorSpec over_http(const std::string& mode) const {
        ConnectorSpec made = spec();
        made.transport = Transport::http;
        made.http.port = 8123;
        made.command = {"/usr/bin/python3", "web.py", mode, "8123"};
        made.credentials.push_back(
            CredentialSpec{"key", SecretName("api-key"), "", "X-Key", "Key ${token}!"});
        return made;
    }
};

Task<void> http_scene(Stage& stage) {
    auto calling = call_as(stage, caller("agent:a", "s1"), "key");
    const auto reply = co_await std::move(calling);
    CHECK(text_of(reply) == "Key first-secret!");
    const auto status = stage.status();
    CHECK(status.transport == "http");
    CHECK(status.health == "healthy");
    CHECK(status.stray_lines == 0);
    CHECK(status.tool_count == 1);
    const int pid = status.jail_pid;
    CHECK(alive(pid));
    auto sleeping = until_health(stage, "idle");
    co_await std::move(sleeping);
    CHECK_FALSE(alive(pid));
    auto waking = say_as(stage, caller("agent:a", "s1"), "pid");
    const auto woken = co_await std::move(waking);
    CHECK(woken == "pid");
    auto crashing = call_as(stage, caller("agent:a"), "exit");
    const auto lost = co_await std::move(crashing);
    CHECK(lost.end == CallEnd::may_have_run);
    Condition restarted = [](const ConnectorStatus& row) {
        return row.lifecycle == "ready" && row.restarts_total == 1;
    };
    auto restarting = eventually(stage, restarted);
    co_await std::move(restarting);
    CHECK(stage.status().cause->code == "GH-P301");
}

Task<void> two_scene(Stage& stage) {
    auto one = call_as(stage, caller("agent:a"), "pid");
    const auto first = co_await std::move(one);
    auto two = call_as(stage, caller("agent:b"), "pid");
    const auto second = co_await std::move(two);
    CHECK(text_of(first) == "pid");
    CHECK(text_of(second) == "pid");
    CHECK(first.instance != second.instance);
    CHECK(stage.status().instances_ready == 2);
}

Task<void> deaf_scene(Stage& stage) {
    auto starting = stage.supervisor->start(notes);
    const auto started = co_await std::move(starting);
    REQUIRE_FALSE(started.has_value());
    CHECK(started.error().code == "GH-P306");
    CHECK(started.error().why.find("port 8123") != std::string::npos);
    CHECK(started.error().action.find("run.http.port") != std::string::npos);
}

} // namespace

TEST_CASE("a connector over HTTP starts, gets its header, sleeps, wakes and is restarted") {
    HttpStage stage;
    stage.credentials.values[SecretName("api-key")] = "first-secret";
    ConnectorSpec spec = stage.over_http("late");
    spec.instances.idle_after = milliseconds(300);
    stage.play({spec}, http_scene);
    const auto lines = stage.log_lines(LogStream::standard_error);
    CHECK(has_line(lines, "hello from stdout"));
    CHECK(has_line(lines, "hello from stderr"));
    CHECK(has_line(lines, "session ended"));
    CHECK(stage.log_lines(LogStream::stdout_noise).empty());
}

TEST_CASE("two instances listen on the same port, each in its own sandbox") {
    HttpStage stage;
    stage.credentials.values[SecretName("api-key")] = "first-secret";
    ConnectorSpec spec = stage.over_http("");
    spec.instances.scope = InstanceScope::member;
    stage.play({spec}, two_scene);
}

TEST_CASE("a connector that does not listen in time is told so, with the port") {
    HttpStage stage;
    stage.credentials.values[SecretName("api-key")] = "first-secret";
    ConnectorSpec spec = stage.over_http("deaf");
    spec.timeouts.startup = milliseconds(500);
    stage.play({spec}, deaf_scene);
}
