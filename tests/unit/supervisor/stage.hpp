// A stage for tests of the supervisor with the real launcher, the real jail and a small connector
// in Python whose first argument says how it misbehaves.
#pragma once

#include "runtime/supervisor/supervisor.hpp"

#include "runtime/base/log.hpp"
#include "runtime/base/task_group.hpp"
#include "sandbox/launcher.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <sys/stat.h>

namespace gatehouse::runtime::test {

using std::chrono::seconds;

inline constexpr const char* server_source = R"py(
import json, os, sys, time
mode = sys.argv[1] if len(sys.argv) > 1 else ""
print("hello from stderr", file=sys.stderr, flush=True)
print("token is " + os.environ.get("TOKEN", "none"), file=sys.stderr, flush=True)
if mode == "exit1": sys.exit(1)
if mode == "exit78": sys.exit(78)
if mode == "deaf":
    import signal
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if mode == "silent": time.sleep(600)
if mode == "flood":
    for n in range(30000): sys.stderr.write("flood %d\n" % n)
    sys.stderr.flush()
if mode == "noisy": print("this is no JSON", flush=True)
def answer(id, result):
    print(json.dumps({"jsonrpc": "2.0", "id": id, "result": result}), flush=True)
names = ["echo", "crash", "leave", "grow", "slow"]
while True:
    line = sys.stdin.readline()
    if not line:
        if mode == "deaf":
            while True: time.sleep(1)
        break
    m = json.loads(line)
    if "id" not in m or "method" not in m: continue
    if mode == "refused" and m["method"] == "initialize":
        print(json.dumps({"jsonrpc": "2.0", "id": m["id"], "error": {"code": -32000,
              "message": "no login with " + os.environ["TOKEN"]}}), flush=True)
    elif m["method"] == "initialize":
        answer(m["id"], {"protocolVersion": m["params"]["protocolVersion"],
               "capabilities": {"tools": {}}, "serverInfo": {"name": "t", "version": "1"}})
    elif m["method"] == "tools/list":
        answer(m["id"], {"tools": [{"name": n, "inputSchema": {"type": "object"}} for n in names]})
    elif m["method"] == "tools/call":
        name = m["params"]["name"]
        if name == "crash": os._exit(3)
        if name == "leave": os._exit(0)
        if name == "slow": time.sleep(0.3)
        if name == "grow":
            names.append("grown")
            for n in [{"method": "notifications/message", "params": {"level": "info", "data": "growing"}},
                      {"method": "notifications/tools/list_changed"}]:
                print(json.dumps({"jsonrpc": "2.0", **n}), flush=True)
        answer(m["id"], {"content": [{"type": "text", "text": name}]})
    else:
        answer(m["id"], {})
)py";

struct FakeCredentials final : CredentialSource {
    std::map<SecretName, std::string> values;
    Result<Secret> shared_secret(const SecretName& name) override {
        const auto found = values.find(name);
        if (found == values.end()) {
            return Error{"GH-A102", "the secret is not set", name.str(), "", ""};
        }
        return Secret(std::string(found->second));
    }
};

inline const ConnectorName notes("notes");

struct Stage {
    Stage() {
        set_log_level(std::getenv("GH_TEST_LOG") != nullptr ? gatehouse::LogLevel::info
                                                            : gatehouse::LogLevel::off);
        std::string pattern = "/tmp/gh-supervisor-XXXXXX";
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        folder = pattern;
        std::filesystem::create_directory(folder / "code");
        ::chmod((folder / "code").c_str(), 0755);
        std::ofstream(folder / "code" / "server.py") << server_source;
        ::chmod((folder / "code" / "server.py").c_str(), 0644);
        logs = std::make_unique<LogStore>(clock, folder / "logs");
    }
    ~Stage() {
        supervisor.reset();
        std::filesystem::remove_all(folder);
    }

    ConnectorSpec spec(const std::string& mode = "") const {
        ConnectorSpec made;
        made.name = notes;
        made.source_dir = folder / "code";
        made.command = {"/usr/bin/python3", "server.py", mode};
        made.timeouts.startup = seconds(20);
        made.timeouts.stop = milliseconds(300);
        made.restart.initial = milliseconds(50);
        made.restart.max = milliseconds(200);
        return made;
    }

    // Runs the supervisor and the scene beside it, then stops and joins all.
    void play(std::vector<ConnectorSpec> specs, std::function<Task<void>(Stage&)> scene) {
        auto made = sandbox::Launcher::make(loop.get_executor(),
                                            std::filesystem::path(GH_BIN_DIR) / "gatehouse-jail");
        REQUIRE(made.has_value());
        launcher = std::move(*made);
        options.state_folder = folder / "state";
        options.make_http_session = make_http_session;
        supervisor = std::make_unique<Supervisor>(loop.get_executor(), clock, *launcher,
                                                  credentials, *logs, std::move(specs), options);
        scene_ended = false;
        loop.restart();
        TaskGroup group(loop.get_executor());
        group.spawn("supervisor", supervisor->run());
        group.spawn("scene", run_scene(*this, scene(*this)));
        loop.run_for(seconds(60));
        REQUIRE(group.running_count() == 0);
        REQUIRE(scene_ended);
        supervisor.reset();
        launcher.reset();
    }

    static Task<void> run_scene(Stage& stage, Task<void> scene) {
        try {
            co_await std::move(scene);
            stage.scene_ended = true;
        } catch (const std::exception& error) {
            UNSCOPED_INFO("the scene threw: " << error.what());
        } catch (...) {
            UNSCOPED_INFO("the scene failed a requirement");
        }
        stage.supervisor->stop();
    }

    ConnectorStatus status() const { return supervisor->status(notes).value(); }
    std::vector<std::string> log_lines(LogStream stream) {
        std::vector<std::string> lines;
        for (auto& record : (*logs->open(notes, 1 << 20))->read({}, 0, 1000, 4 << 20).records) {
            if (record.stream == stream) {
                lines.push_back(std::move(record.text));
            }
        }
        return lines;
    }

    asio::io_context loop{1};
    SystemClock clock;
    std::filesystem::path folder;
    FakeCredentials credentials;
    std::unique_ptr<LogStore> logs;
    std::unique_ptr<sandbox::Launcher> launcher;
    std::unique_ptr<Supervisor> supervisor;
    HttpSessionFactory make_http_session; // empty: the real ones
    SupervisorOptions options;            // of the next play()
    bool scene_ended = false;
};

inline Task<CallReply> call_tool(Stage& stage, std::string tool) {
    auto call = std::make_shared<ConnectorCall>();
    call->method = "tools/call";
    call->params = R"({"name":")" + tool + R"(","arguments":{}})";
    call->deadline = seconds(20);
    auto calling = stage.supervisor->call(notes, call);
    auto reply = co_await std::move(calling);
    co_return reply;
}

using Condition = std::function<bool(const ConnectorStatus&)>;

inline Task<void> eventually(Stage& stage, Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(20);
    asio::steady_timer timer(stage.loop);
    while (!condition(stage.status())) {
        INFO("health " << stage.status().health << ", " << stage.status().lifecycle);
        REQUIRE(std::chrono::steady_clock::now() < deadline);
        timer.expires_after(milliseconds(10));
        co_await timer.async_wait(asio::use_awaitable);
    }
}

inline Task<void> until_health(Stage& stage, std::string word) {
    Condition condition = [word](const ConnectorStatus& status) { return status.health == word; };
    auto waiting = eventually(stage, std::move(condition));
    co_await std::move(waiting);
}

inline bool alive(int pid) {
    return pid > 0 && ::kill(pid, 0) == 0;
}

inline bool has_line(const std::vector<std::string>& lines, const std::string& part) {
    for (const auto& line : lines) {
        if (line.find(part) != std::string::npos) {
            return true;
        }
    }
    return false;
}

inline bool has_condition(const ConnectorStatus& status, const std::string& name) {
    return std::any_of(status.conditions.begin(), status.conditions.end(),
                       [&](const HealthCondition& each) { return each.name == name; });
}

inline Task<void> call_into(Stage& stage, std::string tool, CallReply& reply) {
    auto calling = call_tool(stage, std::move(tool));
    reply = co_await std::move(calling);
}

} // namespace gatehouse::runtime::test
