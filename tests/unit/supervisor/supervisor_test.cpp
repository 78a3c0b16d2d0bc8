// The supervisor with the real launcher, the real jail and small connectors in Python.
#include "runtime/supervisor/supervisor.hpp"

#include "runtime/base/log.hpp"
#include "runtime/base/task_group.hpp"
#include "sandbox/launcher.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <sys/stat.h>

using namespace gatehouse;
using namespace gatehouse::runtime;
using std::chrono::seconds;

namespace {

constexpr const char* server_source = R"py(
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
if mode == "noisy": print("this is no JSON", flush=True)
def answer(id, result):
    print(json.dumps({"jsonrpc": "2.0", "id": id, "result": result}), flush=True)
names = ["echo", "crash", "leave", "pid", "slow"]
while True:
    line = sys.stdin.readline()
    if not line:
        if mode == "deaf":
            while True: time.sleep(1)
        break
    m = json.loads(line)
    if "id" not in m or "method" not in m: continue
    if m["method"] == "initialize":
        answer(m["id"], {"protocolVersion": m["params"]["protocolVersion"],
               "capabilities": {"tools": {}}, "serverInfo": {"name": "t", "version": "1"}})
    elif m["method"] == "tools/list":
        answer(m["id"], {"tools": [{"name": n, "inputSchema": {"type": "object"}} for n in names]})
    elif m["method"] == "tools/call":
        name = m["params"]["name"]
        if name == "crash": os._exit(3)
        if name == "leave": os._exit(0)
        if name == "slow": time.sleep(0.3)
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

const ConnectorName notes("notes");

struct Stage {
    Stage() {
        set_log_level(LogLevel::off);
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
        SupervisorOptions options;
        options.state_folder = folder / "state";
        supervisor = std::make_unique<Supervisor>(loop.get_executor(), clock, *launcher,
                                                  credentials, *logs, std::move(specs), options);
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
        for (auto& record : (*logs->open(notes, 1 << 20))->read_after(0, 1000)) {
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
    bool scene_ended = false;
};

Task<CallReply> call_tool(Stage& stage, std::string tool) {
    auto call = std::make_shared<ConnectorCall>();
    call->method = "tools/call";
    call->params = R"({"name":")" + tool + R"(","arguments":{}})";
    call->deadline = seconds(20);
    auto calling = stage.supervisor->call(notes, call);
    auto reply = co_await std::move(calling);
    co_return reply;
}

using Condition = std::function<bool(const ConnectorStatus&)>;

Task<void> eventually(Stage& stage, Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(20);
    asio::steady_timer timer(stage.loop);
    while (!condition(stage.status())) {
        INFO("health " << stage.status().health << ", " << stage.status().lifecycle);
        REQUIRE(std::chrono::steady_clock::now() < deadline);
        timer.expires_after(milliseconds(10));
        co_await timer.async_wait(asio::use_awaitable);
    }
}

Task<void> until_health(Stage& stage, std::string word) {
    Condition condition = [word](const ConnectorStatus& status) { return status.health == word; };
    auto waiting = eventually(stage, std::move(condition));
    co_await std::move(waiting);
}

bool alive(int pid) {
    return pid > 0 && ::kill(pid, 0) == 0;
}

bool has_line(const std::vector<std::string>& lines, const std::string& part) {
    for (const auto& line : lines) {
        if (line.find(part) != std::string::npos) {
            return true;
        }
    }
    return false;
}

Task<void> on_demand_scene(Stage& stage) {
    CHECK(stage.status().health == "idle");
    CHECK(stage.status().tool_count == -1);
    CHECK(stage.supervisor->known_catalogue(notes) == nullptr);
    auto calling = call_tool(stage, "echo");
    const CallReply reply = co_await std::move(calling);
    REQUIRE(reply.end == CallEnd::result);
    CHECK(std::string(reply.body()).find("echo") != std::string::npos);
    CHECK(reply.instance.value == 1);
    const auto status = stage.status();
    CHECK(status.health == "healthy");
    CHECK(status.lifecycle == "ready");
    CHECK(status.tool_count == 5);
    CHECK(status.memory_bytes > 1'000'000);
    CHECK(status.calls_total == 1);
    CHECK(alive(status.jail_pid));
}

Task<void> stop_scene(Stage& stage) {
    auto starting = stage.supervisor->start(notes);
    const auto started = co_await std::move(starting);
    REQUIRE(started.has_value());
    const int pid = stage.status().jail_pid;
    CHECK(alive(pid));
    auto stopping = stage.supervisor->stop_connector(notes);
    const auto stopped = co_await std::move(stopping);
    REQUIRE(stopped.has_value());
    CHECK_FALSE(alive(pid));
    CHECK(stage.status().health == "stopped");
    auto calling = call_tool(stage, "echo");
    const CallReply refused = co_await std::move(calling);
    CHECK(refused.end == CallEnd::never_sent);
    CHECK(refused.failure.code == "GH-P311");
    auto again = stage.supervisor->start(notes);
    const auto started_again = co_await std::move(again);
    CHECK(started_again.has_value());
    CHECK(stage.status().health == "healthy");
}

Task<void> crash_scene(Stage& stage) {
    auto crashing = call_tool(stage, "crash");
    const CallReply lost = co_await std::move(crashing);
    CHECK(lost.end == CallEnd::may_have_run);
    Condition restarted = [](const ConnectorStatus& status) {
        return status.lifecycle == "ready" && status.restarts_total == 1;
    };
    auto waiting = eventually(stage, restarted);
    co_await std::move(waiting);
    const auto status = stage.status();
    CHECK(status.health == "degraded");
    REQUIRE(status.cause.has_value());
    CHECK(status.cause->code == "GH-P301");
    CHECK(status.last_exit.find('3') != std::string::npos);
    auto calling = call_tool(stage, "echo");
    const CallReply reply = co_await std::move(calling);
    CHECK(reply.end == CallEnd::result);
    CHECK(reply.instance.value == 2);
}

Task<void> crash_loop_scene(Stage& stage) {
    auto calling = call_tool(stage, "echo");
    const CallReply reply = co_await std::move(calling);
    CHECK(reply.end == CallEnd::never_sent);
    CHECK(reply.failure.code == "GH-P301");
    auto looping = until_health(stage, "crash_loop");
    co_await std::move(looping);
    auto failing = until_health(stage, "failed");
    co_await std::move(failing);
    CHECK(stage.status().cause->code == "GH-P301");
    auto starting = stage.supervisor->restart(notes);
    const auto started = co_await std::move(starting);
    REQUIRE_FALSE(started.has_value());
    CHECK(started.error().code == "GH-P301");
}

Task<void> misconfigured_scene(Stage& stage) {
    auto starting = stage.supervisor->start(notes);
    const auto started = co_await std::move(starting);
    REQUIRE_FALSE(started.has_value());
    CHECK(started.error().code == "GH-P305");
    CHECK(stage.status().health == "misconfigured");
    CHECK(stage.status().jail_pid == 0);
}

Task<void> idle_scene(Stage& stage) {
    auto calling = call_tool(stage, "echo");
    const CallReply reply = co_await std::move(calling);
    REQUIRE(reply.end == CallEnd::result);
    const int pid = stage.status().jail_pid;
    auto sleeping = until_health(stage, "idle");
    co_await std::move(sleeping);
    CHECK_FALSE(alive(pid));
    CHECK(stage.status().tool_count == 5);
    CHECK(stage.supervisor->known_catalogue(notes)->tools.size() == 5);
    auto waking = call_tool(stage, "echo");
    const CallReply woken = co_await std::move(waking);
    CHECK(woken.end == CallEnd::result);
}

Task<void> deaf_scene(Stage& stage) {
    auto starting = stage.supervisor->start(notes);
    const auto started = co_await std::move(starting);
    REQUIRE(started.has_value());
    const int pid = stage.status().jail_pid;
    stage.supervisor->stop();
    auto stopping = until_health(stage, "stopped");
    co_await std::move(stopping);
    CHECK_FALSE(alive(pid));
}

Task<void> secret_scene(Stage& stage) {
    auto calling = call_tool(stage, "echo");
    const CallReply refused = co_await std::move(calling);
    CHECK(refused.end == CallEnd::never_sent);
    CHECK(refused.failure.code == "GH-A102");
    CHECK(refused.failure.action.find("gatehouse secret set api-key") != std::string::npos);
    CHECK(stage.status().health == "misconfigured");
    stage.credentials.values[SecretName("api-key")] = "first-secret-value";
    stage.supervisor->secret_changed(SecretName("api-key"));
    auto retrying = call_tool(stage, "echo");
    const CallReply reply = co_await std::move(retrying);
    CHECK(reply.end == CallEnd::result);
    stage.supervisor->secret_changed(SecretName("api-key"));
    auto after = call_tool(stage, "echo");
    const CallReply fresh = co_await std::move(after);
    CHECK(fresh.end == CallEnd::result);
    CHECK(fresh.instance.value == 2);
}

Task<void> noise_scene(Stage& stage) {
    auto calling = call_tool(stage, "echo");
    const CallReply reply = co_await std::move(calling);
    CHECK(reply.end == CallEnd::result);
    CHECK(stage.status().stray_lines == 1);
    CHECK(stage.status().health == "degraded");
    CHECK(stage.status().cause->code == "GH-M401");
}

Task<void> leave_scene(Stage& stage) {
    auto calling = call_tool(stage, "leave");
    const CallReply reply = co_await std::move(calling);
    CHECK(reply.end == CallEnd::may_have_run);
    auto sleeping = until_health(stage, "idle");
    co_await std::move(sleeping);
    CHECK(stage.status().cause->code == "GH-P301");
}

Task<void> silent_scene(Stage& stage) {
    auto starting = stage.supervisor->start(notes);
    const auto started = co_await std::move(starting);
    REQUIRE_FALSE(started.has_value());
    CHECK(started.error().code == "GH-P306");
}

Task<void> unknown_scene(Stage& stage) {
    const ConnectorName nobody("nobody");
    CHECK_FALSE(stage.supervisor->contains(nobody));
    auto starting = stage.supervisor->start(nobody);
    const auto started = co_await std::move(starting);
    CHECK(started.error().code == "GH-N404");
    auto draining_call = call_tool(stage, "slow");
    const CallReply reply = co_await std::move(draining_call);
    CHECK(reply.end == CallEnd::result);
}

Task<void> slow_call(Stage& stage, CallReply& reply) {
    auto calling = call_tool(stage, "slow");
    reply = co_await std::move(calling);
}

Task<void> drain_scene(Stage& stage) {
    auto starting = stage.supervisor->start(notes);
    const auto started = co_await std::move(starting);
    REQUIRE(started.has_value());
    CallReply reply;
    TaskGroup group(stage.loop.get_executor());
    group.spawn("slow call", slow_call(stage, reply));
    Condition sent = [](const ConnectorStatus& status) { return status.in_flight == 1; };
    auto sending = eventually(stage, sent);
    co_await std::move(sending);
    auto restarting = stage.supervisor->restart(notes);
    const auto restarted = co_await std::move(restarting);
    CHECK(restarted.has_value());
    auto joining = group.join();
    co_await std::move(joining);
    CHECK(reply.end == CallEnd::result);
    CHECK(stage.status().instance.value == 2);
    CHECK(stage.status().health == "healthy");
}

} // namespace

TEST_CASE("the first call starts a sleeping connector and its output is captured") {
    Stage stage;
    stage.play({stage.spec()}, on_demand_scene);
    CHECK(has_line(stage.log_lines(LogStream::standard_error), "hello from stderr"));
    const auto story = stage.log_lines(LogStream::supervisor);
    CHECK(has_line(story, "launched"));
    CHECK(has_line(story, "ready with 5 tools in"));
    CHECK(has_line(story, "stopped"));
}

TEST_CASE("stop leaves no process, calls are refused until start") {
    Stage stage;
    stage.play({stage.spec()}, stop_scene);
}

TEST_CASE("a crash fails its call as may_have_run and is restarted after a backoff") {
    Stage stage;
    stage.play({stage.spec()}, crash_scene);
    const auto story = stage.log_lines(LogStream::supervisor);
    CHECK(has_line(story, "ended with"));
    CHECK(has_line(story, "restarting in"));
}

TEST_CASE("a connector that exits at once is a crash loop, then failed") {
    Stage stage;
    ConnectorSpec spec = stage.spec("exit1");
    spec.restart.failures = 5;
    stage.play({spec}, crash_loop_scene);
}

TEST_CASE("exit 78 at once and a command that does not exist are misconfigured") {
    Stage configuration;
    configuration.play({configuration.spec("exit78")}, misconfigured_scene);
    Stage missing;
    ConnectorSpec spec = missing.spec();
    spec.command = {"/usr/bin/no-such-program"};
    missing.play({spec}, misconfigured_scene);
}

TEST_CASE("a connector without calls goes to sleep and the next call wakes it") {
    Stage stage;
    ConnectorSpec spec = stage.spec();
    spec.instances.idle_after = milliseconds(200);
    stage.play({spec}, idle_scene);
}

TEST_CASE("a connector that ignores EOF and SIGTERM is killed at the end of the daemon") {
    Stage stage;
    stage.play({stage.spec("deaf")}, deaf_scene);
    CHECK(has_line(stage.log_lines(LogStream::supervisor), "is killed"));
}

TEST_CASE(
    "a missing secret is misconfigured, setting it heals, changing it restarts, logs mask it") {
    Stage stage;
    ConnectorSpec spec = stage.spec();
    spec.credentials.push_back(CredentialSpec{"key", SecretName("api-key"), "TOKEN"});
    stage.play({spec}, secret_scene);
    const auto lines = stage.log_lines(LogStream::standard_error);
    CHECK(has_line(lines, "token is ***"));
    CHECK_FALSE(has_line(lines, "first-secret-value"));
}

TEST_CASE("stray stdout is logged, counted and degrades") {
    Stage stage;
    stage.play({stage.spec("noisy")}, noise_scene);
    CHECK(has_line(stage.log_lines(LogStream::stdout_noise), "this is no JSON"));
}

TEST_CASE("an unexpected exit 0 puts the connector to sleep with its cause") {
    Stage stage;
    stage.play({stage.spec()}, leave_scene);
}

TEST_CASE("a connector that never answers is a startup timeout") {
    Stage stage;
    ConnectorSpec spec = stage.spec("silent");
    spec.timeouts.startup = milliseconds(300);
    stage.play({spec}, silent_scene);
}

TEST_CASE("an unknown name is told as such") {
    Stage stage;
    stage.play({stage.spec()}, unknown_scene);
}

TEST_CASE("a restart lets the call in flight finish and ends with a new ready instance") {
    Stage stage;
    ConnectorSpec spec = stage.spec();
    spec.instances.min = 1;
    stage.play({spec}, drain_scene);
}
