// The HTTP session with a real connector of both eras: connectors/fixture, run by Python.
#include "tests/unit/session/http_session_stage.hpp"

#include "runtime/session/json_scan.hpp"

#include <array>
#include <csignal>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

using namespace http_session_test;

namespace {

// The fixture's process, on a port of its own choice that its stderr tells.
class FixtureProcess {
  public:
    explicit FixtureProcess(const std::string& era) {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
            std::abort();
        }
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
        // What waits for the end of the tests' own output does not wait for this process.
        ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
        std::vector<std::string> words{"/usr/bin/python3",
                                       GH_SOURCE_DIR "/connectors/fixture/server.py",
                                       "--era",
                                       era,
                                       "--transport",
                                       "http",
                                       "--port",
                                       "0",
                                       "--page-size",
                                       "7"};
        std::vector<char*> arguments;
        for (std::string& word : words) {
            arguments.push_back(word.data());
        }
        arguments.push_back(nullptr);
        if (::posix_spawn(&pid_, arguments[0], &actions, nullptr, arguments.data(), environ) != 0) {
            std::abort();
        }
        ::posix_spawn_file_actions_destroy(&actions);
        ::close(ends[1]);
        said_ = UniqueFd(ends[0]);
        read_url();
    }
    FixtureProcess(const FixtureProcess&) = delete;
    FixtureProcess& operator=(const FixtureProcess&) = delete;
    ~FixtureProcess() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    const std::string& url() const { return url_; }

  private:
    // Other lines may come first; without the one that tells it, the url stays empty.
    void read_url() {
        std::string text;
        char byte = 0;
        while (url_.empty() && ::read(said_.get(), &byte, 1) == 1) {
            if (byte != '\n') {
                text.push_back(byte);
                continue;
            }
            const std::size_t start = text.find("http://");
            url_ = start == std::string::npos ? "" : text.substr(start);
            text.clear();
        }
    }
    pid_t pid_ = -1;
    UniqueFd said_;
    std::string url_;
};

bool fixture_can_run() {
    if (::access("/usr/bin/python3", X_OK) == 0) {
        return true;
    }
    WARN("skipped: no /usr/bin/python3");
    return false;
}

std::shared_ptr<ConnectorCall> tool_call(const std::string& name,
                                         const std::string& arguments = "{}") {
    auto call =
        Stage::make("tools/call", R"({"name":")" + name + R"(","arguments":)" + arguments + "}");
    auto caller = std::make_shared<Caller>();
    caller->capabilities = R"({"elicitation":{"form":{}},"sampling":{},"roots":{}})";
    caller->client_info = R"({"name":"tester","version":"1"})";
    call->caller = std::move(caller);
    return call;
}

std::string first_text(const CallReply& reply) {
    const auto literal = find_pointer(reply.body(), "/content/0/text");
    return literal ? string_value(*literal).value_or("") : "";
}

void use_every_kind_of_tool(Stage& stage, Era era) {
    const CallReply who = stage.call(tool_call("whoami"));
    CHECK(find_member(first_text(who), "era") ==
          (era == Era::modern ? "\"modern\"" : "\"legacy\""));

    int progress = 0;
    auto sleeping = tool_call("sleep", R"({"ms":100})");
    sleeping->on_progress = [&](std::string_view) { ++progress; };
    CHECK(stage.call(sleeping).end == CallEnd::result);
    CHECK(progress == 2);

    int logs = 0;
    auto logging = tool_call("log_and_wait");
    logging->log_level = "error";
    logging->on_log = [&](std::string_view) { ++logs; };
    CHECK(stage.call(logging).end == CallEnd::result);
    CHECK(logs == 4); // error, critical, alert, emergency

    auto asking = tool_call("ask");
    asking->on_input = [](const std::shared_ptr<InputRequest>& request) {
        request->answer(R"({"action":"accept","content":{"answer":"42"}})");
    };
    const CallReply asked = stage.call(asking);
    CHECK(asked.end == CallEnd::result);
    if (era == Era::modern) {
        CHECK(find_member(asked.body(), "resultType") == "\"input_required\"");
    } else {
        CHECK(find_pointer(first_text(asked), "/content/answer") == "\"42\"");
    }
    CHECK(stage.call(tool_call("no_such_tool")).end == CallEnd::error);
}

void watch_and_hear(Stage& stage) {
    const CallReply watched =
        run_task(stage.loop, stage.session->watch_resource("test://watched-resource", 5s));
    CHECK(watched.end == CallEnd::result);
    CHECK(stage.call(tool_call("touch_resource")).end == CallEnd::result);
    CHECK(stage.call(tool_call("test_trigger_tool_change")).end == CallEnd::result);
    CHECK(eventually(stage.loop, [&] { return !stage.notices.empty() && !stage.changed.empty(); }));
    stage.session->unwatch_resource("test://watched-resource");
}

} // namespace

TEST_CASE("over HTTP a real connector of each era is known for what it is and serves everything") {
    if (!fixture_can_run()) {
        return;
    }
    for (const std::string name : {"dual", "modern", "legacy"}) {
        INFO(name);
        const FixtureProcess fixture(name);
        REQUIRE_FALSE(fixture.url().empty());
        Stage stage(fixture.url());
        const auto catalogue = stage.handshake(15s);
        REQUIRE(catalogue);
        const Era era = name == "legacy" ? Era::legacy : Era::modern;
        CHECK(catalogue->era == era);
        CHECK(catalogue->tools.size() > 20);
        CHECK(!catalogue->prompts.empty());
        CHECK(!catalogue->resources.empty());
        use_every_kind_of_tool(stage, era);
        watch_and_hear(stage);
        CHECK(run_task(stage.loop, stage.session->ping(5s)));
        CHECK(stage.session->counters().unknown_ids == 0);
        CHECK(stage.session->counters().stray_lines == 0);
    }
}

TEST_CASE(
    "over HTTP a real connector cuts a stream in the middle, and the result comes all the same") {
    if (!fixture_can_run()) {
        return;
    }
    const FixtureProcess fixture("legacy");
    REQUIRE_FALSE(fixture.url().empty());
    Stage stage(fixture.url());
    REQUIRE(stage.handshake(15s));
    const CallReply reply = stage.call(tool_call("test_reconnection"));
    CHECK(reply.end == CallEnd::result);
    const CallReply big = stage.call(tool_call("big", R"({"bytes":3000000})"));
    CHECK(big.end == CallEnd::result);
    CHECK(big.body().size() > 3'000'000);
}
