// A stage for tests of what the supervisor does for a connector that misbehaves while it runs: a
// connector whose tools wedge, spin, crash and tell of failures behind them.
#pragma once

#include "tests/unit/supervisor/stage.hpp"

#include "runtime/events/event_log.hpp"

#include <algorithm>

namespace gatehouse::runtime::test {

inline constexpr const char* care_server_source = R"py(
import json, os, signal, sys, time
mode = sys.argv[1] if len(sys.argv) > 1 else ""
def answer(id, result):
    print(json.dumps({"jsonrpc": "2.0", "id": id, "result": result}), flush=True)
def text(id, words): answer(id, {"content": [{"type": "text", "text": words}]})
def fail(id, kind):
    answer(id, {"content": [{"type": "text", "text": "no"}], "isError": True,
                "_meta": {"dev.gatehouse/failure": {"kind": kind, "host": "api.example.com", "http_status": 503}}})
def once(name):
    path = "/data/state/" + name
    if os.path.exists(path): return False
    open(path, "w").close()
    return True
plain = ["pid", "freeze", "spin", "crash", "leave", "kill", "forbidden", "outage", "auth", "well", "grow",
         "segv", "endless"]
safe = {"read_crash": {"readOnlyHint": True}, "again_crash": {"idempotentHint": True}}
tools = [{"name": n, "inputSchema": {"type": "object"}} for n in plain]
tools += [{"name": n, "inputSchema": {"type": "object"}, "annotations": a} for n, a in safe.items()]
if mode == "exit0": sys.exit(0)
while True:
    line = sys.stdin.readline()
    if not line: break
    m = json.loads(line)
    if "id" not in m or "method" not in m: continue
    if m["method"] == "initialize":
        answer(m["id"], {"protocolVersion": m["params"]["protocolVersion"],
               "capabilities": {"tools": {}}, "serverInfo": {"name": "t", "version": "1"}})
    elif m["method"] == "tools/list":
        answer(m["id"], {"tools": tools})
    elif m["method"] == "server/discover" and mode == "probe_kill" and once("killed"):
        os.kill(os.getpid(), signal.SIGKILL)
    elif m["method"] == "server/discover" and mode == "probe_exit":
        os._exit(0)
    elif m["method"] == "tools/call":
        name = m["params"]["name"]
        print("called " + name, file=sys.stderr, flush=True)
        if name == "freeze": os.kill(os.getpid(), signal.SIGSTOP)
        elif name == "spin":
            end = time.monotonic() + 2.0
            while time.monotonic() < end: pass
        elif name == "crash": os._exit(3)
        elif name == "leave": os._exit(0)
        elif name == "kill": os.kill(os.getpid(), signal.SIGKILL)
        elif name == "segv": os.kill(os.getpid(), signal.SIGSEGV)
        elif name == "endless":
            try:
                while True: os.write(1, b"x" * 65536)
            except OSError: os._exit(0)
        elif name == "forbidden": os.kill(os.getpid(), signal.SIGSYS)
        elif name in safe and once(name): os._exit(3)
        elif name == "grow": tools.append({"name": "grown", "inputSchema": {"type": "object"}})
        if name in ("outage", "auth") and not os.path.exists("/data/state/mended"): fail(m["id"], name)
        else: text(m["id"], str(os.getpid()))
        if name == "well": open("/data/state/mended", "w").close()
    else:
        answer(m["id"], {})
)py";

struct CareStage : Stage {
    CareStage() {
        std::ofstream(folder / "code" / "care.py") << care_server_source;
        ::chmod((folder / "code" / "care.py").c_str(), 0644);
        auto opened = EventLog::open(clock, folder / "events");
        REQUIRE(opened.has_value());
        event_log = std::move(*opened);
        options.events = event_log.get();
        options.crash_folder = folder / "crashes";
        options.desired_file = folder / "desired.json";
    }
    ~CareStage() { supervisor.reset(); }

    ConnectorSpec cared(const std::string& mode = "") const {
        ConnectorSpec made = spec();
        made.command = {"/usr/bin/python3", "care.py", mode};
        made.sandbox.writable = {"state"};
        return made;
    }
    // The words of the events of this kind, in order.
    std::vector<std::string> events(EventKind kind) const {
        EventFilter filter;
        filter.kind = kind;
        std::vector<std::string> words;
        for (const Event& event : event_log->read(filter)) {
            words.push_back(event.to.empty() ? event.text : event.to);
        }
        return words;
    }
    std::vector<CrashRecord> crashes() const {
        return CrashStore(options.crash_folder).list(notes);
    }

    std::unique_ptr<EventLog> event_log;
};

inline bool has_word(const std::vector<std::string>& words, const std::string& word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

} // namespace gatehouse::runtime::test
