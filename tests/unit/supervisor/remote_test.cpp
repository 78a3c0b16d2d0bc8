// Remote connectors, with sessions whose server is played here.
#include "tests/unit/supervisor/scope_stage.hpp"

#include <boost/asio/redirect_error.hpp>

using namespace gatehouse;
using namespace gatehouse::runtime;
using namespace gatehouse::runtime::test;

namespace {

// The server elsewhere: what it answers now, and what it saw.
struct Elsewhere {
    std::string handshake_failure; // code; empty: it is well
    std::string call_failure;
    int calls = 0;
    int sessions = 0;
    int ended = 0;
    std::vector<std::string> keys; // the header of each session
};

class PlayedSession final : public Session {
  public:
    PlayedSession(Executor executor, Elsewhere& elsewhere)
        : timer_(executor, SteadyTime::max()), elsewhere_(elsewhere) {}

    Task<Error> run() override {
        while (!stopped_) {
            boost::system::error_code ignored;
            auto token = asio::redirect_error(asio::use_awaitable, ignored);
            co_await timer_.async_wait(token);
        }
        ++elsewhere_.ended;
        co_return Error{"GH-P311", "the session was ended", "", "", ""};
    }
    Task<Result<Catalogue>> handshake(std::chrono::milliseconds) override {
        if (!elsewhere_.handshake_failure.empty()) {
            co_return Error{elsewhere_.handshake_failure, "it does not want us", "", "", ""};
        }
        Catalogue made;
        made.era = Era::modern;
        made.tools = {{"pid", "{}"}};
        co_return made;
    }
    Task<Result<Catalogue>> refresh_catalogue(std::chrono::milliseconds deadline) override {
        return handshake(deadline);
    }
    Task<Result<Catalogue>> refresh_list(ListKind, std::chrono::milliseconds deadline) override {
        return handshake(deadline);
    }
    Task<CallReply> call(std::shared_ptr<ConnectorCall>) override {
        CallReply reply;
        ++elsewhere_.calls;
        if (!elsewhere_.call_failure.empty()) {
            reply.end = CallEnd::may_have_run;
            reply.failure = Error{elsewhere_.call_failure, "it failed", "", "", ""};
            co_return reply;
        }
        reply.end = CallEnd::result;
        reply.frame = R"({"content":[{"type":"text","text":"far"}]})";
        reply.body_length = reply.frame.size();
        co_return reply;
    }
    Task<CallReply> watch_resource(std::string, std::chrono::milliseconds) override {
        return call(nullptr);
    }
    void unwatch_resource(const std::string&) override {}
    void tell_roots_changed() override {}
    Task<bool> ping(std::chrono::milliseconds) override { co_return true; }
    void close_stdin() override {}
    void stop() override {
        stopped_ = true;
        timer_.cancel();
    }
    const SessionCounters& counters() const override { return counters_; }

  private:
    asio::steady_timer timer_;
    Elsewhere& elsewhere_;
    SessionCounters counters_;
    bool stopped_ = false;
};

struct RemoteStage : ScopeStage {
    RemoteStage() {
        make_http_session = [this](HttpTarget target, HttpClientOptions client, SessionOptions,
                                   Session::Events) -> std::unique_ptr<Session> {
            CHECK(target.shown() == "https://mcp.example.com/mcp");
            ++elsewhere.sessions;
            for (const auto& header : client.secret_headers) {
                elsewhere.keys.push_back(header.name + ": " + std::string(header.value.reveal()));
            }
            return std::make_unique<PlayedSession>(loop.get_executor(), elsewhere);
        };
    }
    ConnectorSpec remote() const {
        ConnectorSpec made = spec();
        made.transport = Transport::remote;
        made.source_dir.clear();
        made.command.clear();
        made.remote.url = "https://mcp.example.com/mcp?hidden=1";
        return made;
    }
    Elsewhere elsewhere;
};

Elsewhere& elsewhere_of(Stage& stage) {
    return static_cast<RemoteStage&>(stage).elsewhere;
}

Task<void> demand_scene(Stage& stage) {
    CHECK(stage.status().health == "idle");
    CHECK(elsewhere_of(stage).sessions == 0);
    auto calling = say_as(stage, caller("agent:a"), "pid");
    const auto said = co_await std::move(calling);
    CHECK(said == "far");
    const auto status = stage.status();
    CHECK(status.health == "healthy");
    CHECK(status.transport == "remote");
    CHECK(status.era == "modern");
    CHECK(status.jail_pid == 0);
    CHECK(status.memory_bytes == 0);
    CHECK(status.weakenings.empty());
    auto sleeping = until_health(stage, "idle");
    co_await std::move(sleeping);
    CHECK(elsewhere_of(stage).ended == 1);
    auto waking = say_as(stage, caller("agent:a"), "pid");
    const auto woken = co_await std::move(waking);
    CHECK(woken == "far");
    CHECK(elsewhere_of(stage).sessions == 2);
    auto stopping = stage.supervisor->stop_connector(notes);
    const auto stopped = co_await std::move(stopping);
    CHECK(stopped.has_value());
    CHECK(elsewhere_of(stage).ended == 2);
}

Task<void> outage_scene(Stage& stage) {
    elsewhere_of(stage).handshake_failure = "GH-D202";
    auto calling = call_as(stage, caller("agent:a"), "pid");
    const auto refused = co_await std::move(calling);
    CHECK(refused.end == CallEnd::never_sent);
    CHECK(refused.failure.code == "GH-D202");
    auto down = until_health(stage, "downstream_outage");
    co_await std::move(down);
    CHECK(stage.status().cause->code == "GH-D202");
    // More often than its budget allows a process to fail: a server elsewhere is tried on.
    Condition tried = [&stage](const ConnectorStatus&) { return elsewhere_of(stage).sessions > 5; };
    auto trying = eventually(stage, tried);
    co_await std::move(trying);
    CHECK(stage.status().health == "downstream_outage");
    elsewhere_of(stage).handshake_failure.clear();
    Condition ready = [](const ConnectorStatus& row) { return row.lifecycle == "ready"; };
    auto healing = eventually(stage, ready);
    co_await std::move(healing);
    auto again = say_as(stage, caller("agent:a"), "pid");
    const auto said = co_await std::move(again);
    CHECK(said == "far");
}

Task<void> refused_scene(Stage& stage) {
    elsewhere_of(stage).handshake_failure = "GH-A103";
    auto calling = call_as(stage, caller("agent:a"), "pid");
    const auto refused = co_await std::move(calling);
    CHECK(refused.failure.code == "GH-A103");
    auto failing = until_health(stage, "auth_failed");
    co_await std::move(failing);
    elsewhere_of(stage).handshake_failure.clear();
    stage.credentials.values[SecretName("api-key")] = "second";
    stage.supervisor->secret_changed(SecretName("api-key"));
    Condition ready = [](const ConnectorStatus& row) { return row.lifecycle == "ready"; };
    auto healing = eventually(stage, ready);
    co_await std::move(healing);
    CHECK(elsewhere_of(stage).keys ==
          std::vector<std::string>{"Authorization: Bearer first", "Authorization: Bearer second"});
    CHECK(stage.status().health != "auth_failed");
}

Task<void> fail_calls(Stage& stage, int count) {
    for (int index = 0; index < count; ++index) {
        CHECK(stage.status().health == "healthy");
        auto failing = call_as(stage, caller("agent:a"), "pid");
        const CallReply reply = co_await std::move(failing);
        CHECK(reply.end == CallEnd::may_have_run);
    }
}

Task<void> refused_calls_scene(Stage& stage) {
    auto calling = say_as(stage, caller("agent:a"), "pid");
    const auto said = co_await std::move(calling);
    CHECK(said == "far");
    elsewhere_of(stage).call_failure = "GH-A104";
    auto failing = fail_calls(stage, 3);
    co_await std::move(failing);
    CHECK(stage.status().health == "auth_failed");
    CHECK(stage.status().cause->code == "GH-A104");
    const int calls = elsewhere_of(stage).calls;
    auto holding = call_as(stage, caller("agent:a"), "pid");
    const CallReply held = co_await std::move(holding);
    CHECK(held.end == CallEnd::never_sent);
    CHECK(held.failure.code == "GH-A104");
    CHECK(held.failure.action.find("gatehouse secret set api-key") != std::string::npos);
    REQUIRE(held.retry_after.has_value());
    CHECK(*held.retry_after > seconds(20));
    CHECK(elsewhere_of(stage).calls == calls);
    elsewhere_of(stage).call_failure.clear();
    stage.supervisor->secret_changed(SecretName("api-key"));
    auto again = say_as(stage, caller("agent:a"), "pid");
    const auto answered = co_await std::move(again);
    CHECK(answered == "far");
    auto well = until_health(stage, "healthy");
    co_await std::move(well);
}

Task<void> away_calls_scene(Stage& stage) {
    auto calling = say_as(stage, caller("agent:a"), "pid");
    co_await std::move(calling);
    elsewhere_of(stage).call_failure = "GH-D205";
    auto failing = fail_calls(stage, 5);
    co_await std::move(failing);
    CHECK(stage.status().health == "downstream_outage");
    CHECK(stage.status().cause->code == "GH-D205");
    REQUIRE(stage.status().breakers.size() == 1);
    CHECK(stage.status().breakers[0].host == "mcp.example.com");
    const int calls = elsewhere_of(stage).calls;
    auto holding = call_as(stage, caller("agent:a"), "pid");
    const CallReply held = co_await std::move(holding);
    CHECK(held.end == CallEnd::never_sent);
    CHECK(held.failure.code == "GH-D205");
    REQUIRE(held.retry_after.has_value());
    CHECK(*held.retry_after <= seconds(5));
    CHECK(elsewhere_of(stage).calls == calls);
    // A mere restart mends nothing over there.
    auto restarting = stage.supervisor->restart(notes);
    const auto restarted = co_await std::move(restarting);
    CHECK(restarted.has_value());
    auto once_more = call_as(stage, caller("agent:a"), "pid");
    const CallReply still = co_await std::move(once_more);
    CHECK(still.failure.code == "GH-D205");
    elsewhere_of(stage).call_failure.clear();
    asio::steady_timer timer(stage.loop, *still.retry_after + milliseconds(50));
    co_await timer.async_wait(asio::use_awaitable);
    for (int trial = 0; trial < 2; ++trial) {
        auto trying = say_as(stage, caller("agent:a"), "pid");
        const auto said = co_await std::move(trying);
        CHECK(said == "far");
    }
    CHECK(has_condition(stage.status(), "recovering"));
}

Task<void> thousand_scene(Stage& stage) {
    for (int index = 0; index < 1'000; ++index) {
        const std::string session = "s" + std::to_string(index);
        auto calling = call_as(stage, caller("agent:a", session), "pid");
        const auto reply = co_await std::move(calling);
        CHECK(reply.end == CallEnd::result);
        stage.supervisor->session_ended(session);
        CHECK(stage.status().instances_total <= 16);
    }
    Condition none_left = [](const ConnectorStatus& row) { return row.instances_total == 0; };
    auto emptying = eventually(stage, none_left);
    co_await std::move(emptying);
    CHECK(elsewhere_of(stage).sessions == 1'000);
    CHECK(elsewhere_of(stage).ended == 1'000);
    CHECK(stage.status().calls_total == 1'000);
}

Task<void> cancelled_scene(Stage& stage) {
    auto taking = call_as(stage, caller("agent:a", "s1"), "pid");
    co_await std::move(taking);
    auto call = std::make_shared<ConnectorCall>();
    call->method = "tools/call";
    call->caller = caller("agent:a", "s2");
    call->cancel("the client left");
    auto calling = stage.supervisor->call(notes, call);
    const auto reply = co_await std::move(calling);
    CHECK(reply.end == CallEnd::cancelled);
    CHECK(stage.status().instances_total == 1);
    CHECK(elsewhere_of(stage).ended == 0);
}

Task<void> near_scene(Stage& stage) {
    CHECK(stage.status().weakenings.size() == 1);
    CHECK(stage.status().weakenings[0].find("allow_private") == 0);
    co_return;
}

} // namespace

TEST_CASE("a remote connector is connected to by the first call, and its session ends when idle") {
    RemoteStage stage;
    ConnectorSpec spec = stage.remote();
    spec.instances.idle_after = milliseconds(200);
    stage.play({spec}, demand_scene);
    const auto story = stage.log_lines(LogStream::supervisor);
    CHECK(has_line(story, "connects to https://mcp.example.com/mcp"));
    CHECK_FALSE(has_line(story, "hidden"));
}

TEST_CASE("a server that is away is an outage, tried again with pauses until it is back") {
    RemoteStage stage;
    ConnectorSpec spec = stage.remote();
    spec.restart.failures = 3;
    stage.play({spec}, outage_scene);
}

TEST_CASE("a refused credential is told as such, and a new one is tried at once") {
    RemoteStage stage;
    stage.credentials.values[SecretName("api-key")] = "first";
    ConnectorSpec spec = stage.remote();
    spec.restart.initial = spec.restart.max = seconds(60);
    spec.credentials.push_back(
        CredentialSpec{"key", SecretName("api-key"), "", "Authorization", "Bearer ${token}"});
    stage.play({spec}, refused_scene);
}

TEST_CASE("while a credential is refused, calls are answered at once with what to do") {
    RemoteStage stage;
    stage.credentials.values[SecretName("api-key")] = "first";
    ConnectorSpec spec = stage.remote();
    spec.credentials.push_back(
        CredentialSpec{"key", SecretName("api-key"), "", "Authorization", "Bearer ${token}"});
    stage.play({spec}, refused_calls_scene);
}

TEST_CASE("calls to a server that is away are held back, also after a restart, until it answers") {
    RemoteStage stage;
    stage.play({stage.remote()}, away_calls_scene);
}

TEST_CASE("a thousand sessions come and go, and nothing is left of them") {
    RemoteStage stage;
    ConnectorSpec spec = stage.remote();
    spec.instances.scope = InstanceScope::session;
    stage.play({spec}, thousand_scene);
}

TEST_CASE("a call that was cancelled before it had an instance takes none from anyone") {
    RemoteStage stage;
    ConnectorSpec spec = stage.remote();
    spec.instances.scope = InstanceScope::session;
    spec.instances.max = 1;
    stage.play({spec}, cancelled_scene);
}

TEST_CASE("the permission to reach this machine's network is shown") {
    RemoteStage stage;
    ConnectorSpec spec = stage.remote();
    spec.remote.allow_private = true;
    stage.play({spec}, near_scene);
}
