// A stage for tests of the scopes of instances: a connector that tells which process serves, asks
// its client for input, keeps files and tells of resources; and callers of several kinds.
#pragma once

#include "tests/unit/supervisor/stage.hpp"

#include "runtime/base/json.hpp"

namespace gatehouse::runtime::test {

inline constexpr const char* scope_server_source = R"py(
import json, os, sys, time, collections
mode = sys.argv[1] if len(sys.argv) > 1 else ""
lines = collections.deque()
overlap = False
def say(text): print(text, file=sys.stderr, flush=True)
def send(message): print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)
def answer(id, result): send({"id": id, "result": result})
def read():
    line = sys.stdin.readline()
    return json.loads(line) if line else None
def text(id, words): answer(id, {"content": [{"type": "text", "text": str(words)}]})
def ask(message):
    global overlap
    send({"id": "q", "method": "elicitation/create",
          "params": {"message": "name?", "requestedSchema": {"type": "object", "properties": {}}}})
    while True:
        m = read()
        if m is None: sys.exit(0)
        if m.get("id") == "q" and "method" not in m:
            return "refused" if "error" in m else m["result"].get("action", "none")
        if m.get("method") == "tools/call": overlap = True
        lines.append(m)
def keep(words):
    old = open("/data/state/kept").read() if os.path.exists("/data/state/kept") else "nothing"
    open("/data/state/kept", "w").write(words)
    return old
init = {}
while True:
    m = lines.popleft() if lines else read()
    if m is None: break
    method, id, params = m.get("method"), m.get("id"), m.get("params", {})
    if method == "server/discover":
        say("discover seen")
        if mode == "leaves": sys.exit(1)
        send({"id": id, "error": {"code": -32601, "message": "no such method"}})
    elif method == "initialize":
        say("initialize seen")
        init = params
        answer(id, {"protocolVersion": params["protocolVersion"],
               "capabilities": {"tools": {"listChanged": True}, "resources": {"subscribe": True}},
               "serverInfo": {"name": "t", "version": "1"}})
    elif method == "tools/list":
        answer(id, {"tools": [{"name": n, "inputSchema": {"type": "object"}} for n in ["pid", "ask"]]})
    elif method == "resources/list":
        answer(id, {"resources": [{"uri": "file:///%d" % os.getppid(), "name": "own"}]})
    elif method == "resources/templates/list": answer(id, {"resourceTemplates":
               [{"uriTemplate": "file:///{name}", "name": "%d" % os.getppid()}]})
    elif method in ("resources/subscribe", "resources/unsubscribe"):
        say(method.split("/")[1] + " " + params["uri"])
        answer(id, {})
    elif method == "tools/call":
        name, words = params["name"], params["arguments"].get("words", "")
        if name == "exit": os._exit(3)
        elif name == "caps": text(id, json.dumps([init["capabilities"], init["clientInfo"]["name"]]))
        elif name == "slow": time.sleep(0.5); text(id, "slow")
        elif name == "ask": text(id, ask(m) + (" overlap" if overlap else " alone"))
        elif name == "keep": text(id, keep(words))
        elif name == "touch":
            send({"method": "notifications/resources/updated", "params": {"uri": words}})
            send({"method": "notifications/tools/list_changed"})
            text(id, "touched")
        else: text(id, name)
    elif id is not None and method is not None: answer(id, {})
)py";

// What the gateway hears.
struct HeardNotices final : ConnectorObserver {
    struct Heard {
        std::string method;
        InstanceOwner owner;
    };
    std::vector<Heard> notices;
    void on_notice(const ConnectorNotice& notice) override {
        notices.push_back({std::string(notice.method), notice.owner});
    }
    void on_unsolicited_input(const ConnectorName&, const InstanceOwner&,
                              std::shared_ptr<InputRequest> request) override {
        request->refuse(R"({"code":-1,"message":"no"})");
    }
};

struct ScopeStage : Stage {
    ScopeStage() {
        std::ofstream(folder / "code" / "scope.py") << scope_server_source;
        ::chmod((folder / "code" / "scope.py").c_str(), 0644);
    }
    ConnectorSpec scoped(InstanceScope scope, const std::string& mode = "") const {
        ConnectorSpec made = spec();
        made.command = {"/usr/bin/python3", "scope.py", mode};
        made.instances.scope = scope;
        made.sandbox.writable = {"state"};
        return made;
    }
    HeardNotices heard;
};

inline std::shared_ptr<const Caller>
caller(const std::string& principal, const std::string& session = "", bool answers_input = false) {
    auto made = std::make_shared<Caller>();
    made->principal = PrincipalId(principal);
    made->session = session;
    made->answers_input = answers_input;
    if (answers_input) {
        made->capabilities = R"({"elicitation":{}})";
    }
    made->client_info = R"({"name":"client of )" + principal + R"(","version":"1"})";
    return made;
}

inline Task<CallReply> call_as(Stage& stage, std::shared_ptr<const Caller> who, std::string tool,
                               std::string words = "") {
    auto call = std::make_shared<ConnectorCall>();
    call->method = "tools/call";
    call->params = R"({"name":")" + tool + R"(","arguments":{"words":")" + words + R"("}})";
    call->deadline = seconds(20);
    call->caller = std::move(who);
    if (call->caller->answers_input) {
        call->on_input = [](std::shared_ptr<InputRequest> request) {
            request->answer(R"({"action":"accept","content":{}})");
        };
    }
    auto calling = stage.supervisor->call(notes, call);
    auto reply = co_await std::move(calling);
    co_return reply;
}

// The text of the answer; the failure's code if there was none.
inline std::string text_of(const CallReply& reply) {
    const auto body = parse_json(reply.body());
    if (reply.end != CallEnd::result || !body) {
        return reply.failure.code;
    }
    return (*body)["content"][0]["text"].get<std::string>();
}

inline Task<std::string> say_as(Stage& stage, std::shared_ptr<const Caller> who, std::string tool,
                                std::string words = "") {
    auto calling = call_as(stage, std::move(who), std::move(tool), std::move(words));
    const CallReply reply = co_await std::move(calling);
    co_return text_of(reply);
}

// The number of the instance that served.
inline Task<std::uint64_t> instance_of(Stage& stage, std::shared_ptr<const Caller> who) {
    auto calling = call_as(stage, std::move(who), "pid");
    const CallReply reply = co_await std::move(calling);
    CHECK(reply.end == CallEnd::result);
    co_return reply.instance.value;
}

inline Task<void> call_as_into(Stage& stage, std::shared_ptr<const Caller> who, std::string tool,
                               CallReply& reply) {
    auto calling = call_as(stage, std::move(who), std::move(tool));
    reply = co_await std::move(calling);
}

inline std::size_t count_lines(const std::vector<std::string>& lines, const std::string& line) {
    return static_cast<std::size_t>(std::count(lines.begin(), lines.end(), line));
}

} // namespace gatehouse::runtime::test
