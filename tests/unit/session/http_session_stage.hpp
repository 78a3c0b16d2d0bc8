// An HttpSession against a scripted server. The server's thread answers what a plain server would;
// a test's own handler comes first.
#pragma once

#include "runtime/base/json.hpp"
#include "runtime/base/task_group.hpp"
#include "runtime/session/http_session.hpp"
#include "tests/support/loopback_server.hpp"
#include "tests/support/run_task.hpp"

#include <catch2/catch.hpp>

namespace http_session_test {

using namespace gatehouse;
using namespace gatehouse::runtime;
using namespace gatehouse::test;
using namespace std::chrono_literals;

// One request as the server sees it.
struct Asked : SeenRequest {
    explicit Asked(SeenRequest request) : SeenRequest(std::move(request)) {
        if (auto parsed = parse_json(body)) {
            json = std::move(*parsed);
        }
        rpc = json.is_object() ? json.value("method", "") : "";
        id = json.is_object() && json.contains("id") ? json["id"].dump() : "";
    }
    Json json;
    std::string rpc; // "" for a GET, a DELETE or an answer
    std::string id;  // raw
};

inline std::string result_text(const Asked& asked, const std::string& result) {
    return R"({"jsonrpc":"2.0","id":)" + asked.id + R"(,"result":)" + result + "}";
}
inline std::string error_text(const std::string& id, int code, const std::string& extra = "") {
    return R"({"jsonrpc":"2.0","id":)" + id + R"(,"error":{"code":)" + std::to_string(code) +
           R"(,"message":"no")" + extra + "}}";
}
inline bool send_json(Peer& peer, std::string_view status, const std::string& body,
                      std::string_view headers = "") {
    return peer.answer(status, "Content-Type: application/json\r\n" + std::string(headers), body);
}
inline bool begin_stream(Peer& peer, std::string_view headers = "") {
    return peer.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n" +
                     std::string(headers) + "Transfer-Encoding: chunked\r\n\r\n");
}
inline bool send_event(Peer& peer, const std::string& data, const std::string& fields = "") {
    return peer.chunk(fields + "data: " + data + "\n\n");
}
inline bool end_stream(Peer& peer) {
    return peer.send("0\r\n\r\n");
}

class Server {
  public:
    // True: it has answered. Not called at the same time by two connections' threads.
    using Handler = std::function<bool(Peer& peer, const Asked& asked)>;

    Server(Era era, Handler own)
        : era_(era), own_(std::move(own)), server_([this](Peer& peer, int) { serve(peer); }) {}

    std::string url() const { return server_.url(); }
    int accepted() const { return server_.accepted(); }
    // The requests with this JSON-RPC method, or HTTP method if it is written in capitals.
    std::vector<Asked> asked(const std::string& method) const {
        std::vector<Asked> found;
        for (const Asked& one : seen_.all()) {
            if (one.rpc == method || one.method == method) {
                found.push_back(one);
            }
        }
        return found;
    }
    std::size_t count(const std::string& method) const { return asked(method).size(); }

    std::string session = "s-1"; // of a legacy server
    std::string capabilities = R"({"tools":{}})";
    std::string tools = R"([{"name":"echo","inputSchema":{"type":"object"}}])";

  private:
    void serve(Peer& peer) {
        while (auto request = peer.read_request()) {
            const Asked asked(std::move(*request));
            seen_.add(asked);
            if (!(own_ && own_(peer, asked))) {
                plain(peer, asked);
            }
        }
    }
    void plain(Peer& peer, const Asked& asked) const {
        if (asked.method == "GET") {
            send_json(peer, "405 Method Not Allowed", "");
        } else if (asked.method == "DELETE") {
            send_json(peer, "200 OK", "");
        } else if (asked.id.empty() || asked.rpc.empty()) {
            send_json(peer, "202 Accepted", "");
        } else if (asked.rpc == "tools/list") {
            send_json(peer, "200 OK",
                      result_text(asked, R"({"resultType":"complete","tools":)" + tools + "}"));
        } else if (era_ == Era::legacy) {
            plain_legacy(peer, asked);
        } else if (asked.rpc == "server/discover") {
            send_json(peer, "200 OK",
                      result_text(asked, R"({"supportedVersions":["2026-07-28"],"capabilities":)" +
                                             capabilities + R"(,"resultType":"complete"})"));
        } else {
            send_json(peer, "200 OK", result_text(asked, R"({"resultType":"complete"})"));
        }
    }
    void plain_legacy(Peer& peer, const Asked& asked) const {
        if (asked.rpc == "server/discover") {
            send_json(peer, "400 Bad Request", error_text("null", -32000));
        } else if (asked.rpc == "initialize") {
            send_json(peer, "200 OK",
                      result_text(asked, R"({"protocolVersion":"2025-11-25","capabilities":)" +
                                             capabilities + R"(,"serverInfo":{"name":"x"}})"),
                      "Mcp-Session-Id: " + session + "\r\n");
        } else {
            send_json(peer, "200 OK", result_text(asked, R"({"content":[]})"));
        }
    }

    Era era_;
    Handler own_;
    Noted<Asked> seen_;
    LoopbackServer server_;
};

struct Stage {
    explicit Stage(const std::string& url, SessionOptions options = {},
                   std::vector<HttpSecretHeader> secrets = {})
        : tasks(loop.get_executor()) {
        HttpConnector connector;
        connector.target = *parse_http_target(url);
        connector.target.allow_private = true;
        connector.client.secret_headers = std::move(secrets);
        Session::Events events;
        events.on_log = [this](std::string_view params) { logs.emplace_back(params); };
        events.on_list_changed = [this](ListKind kind) { changed.push_back(kind); };
        events.on_notice = [this](std::string_view method, std::string_view) {
            notices.emplace_back(method);
        };
        session = std::make_unique<HttpSession>(loop.get_executor(), std::move(connector),
                                                std::move(options), std::move(events));
        tasks.spawn("session", keep_end(session.get(), &end));
    }
    ~Stage() { stop(); }
    void stop() {
        session->stop();
        if (!eventually(loop, [this] { return tasks.running_count() == 0; })) {
            std::abort(); // a background coroutine does not end
        }
    }
    static Task<void> keep_end(HttpSession* session, std::optional<Error>* end) {
        auto running = session->run();
        *end = co_await std::move(running);
    }

    Result<Catalogue> handshake(std::chrono::milliseconds time = 5s) {
        return run_task(loop, session->handshake(time));
    }
    static std::shared_ptr<ConnectorCall> make(std::string method, std::string params) {
        auto call = std::make_shared<ConnectorCall>();
        call->method = std::move(method);
        call->params = std::move(params);
        call->deadline = 5s;
        return call;
    }
    CallReply call(std::shared_ptr<ConnectorCall> call) {
        return run_task(loop, session->call(std::move(call)));
    }
    CallReply call(std::string params = R"({"name":"echo","arguments":{}})") {
        return call(make("tools/call", std::move(params)));
    }
    // Starts a call; its reply comes into the optional.
    std::shared_ptr<std::optional<CallReply>> start(std::shared_ptr<ConnectorCall> call) {
        auto reply = std::make_shared<std::optional<CallReply>>();
        tasks.spawn("call", keep_reply(session.get(), std::move(call), reply));
        return reply;
    }
    static Task<void> keep_reply(HttpSession* session, std::shared_ptr<ConnectorCall> call,
                                 std::shared_ptr<std::optional<CallReply>> reply) {
        auto calling = session->call(std::move(call));
        *reply = co_await std::move(calling);
    }

    asio::io_context loop{1};
    std::vector<std::string> logs;
    std::vector<ListKind> changed;
    std::vector<std::string> notices;
    std::optional<Error> end;
    std::unique_ptr<HttpSession> session;
    TaskGroup tasks;
};

} // namespace http_session_test
