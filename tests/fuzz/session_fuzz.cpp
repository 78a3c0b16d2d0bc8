// Whatever a connector of either era says, in whatever order, a whole session neither fails nor
// hangs, and all its calls end. The first byte chooses the options; each further line is given to
// the session as it stands, so that a corpus can answer the requests (their ids count up from 1).
#include "runtime/base/assert.hpp"
#include "runtime/base/task_group.hpp"
#include "runtime/session/stdio_session.hpp"

#include <boost/asio/io_context.hpp>
#include <csignal>
#include <cstdint>
#include <fcntl.h>
#include <unistd.h>
#include <vector>

using namespace gatehouse;
using namespace gatehouse::runtime;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t lines_max_count = 64;
constexpr std::size_t input_max = 16 << 10; // fits into the pipe, so that writing never waits

struct FuzzedSession {
    asio::io_context io;
    UniqueFd from_session;
    UniqueFd to_session;
    std::unique_ptr<StdioSession> session;
    std::vector<std::shared_ptr<InputRequest>> inputs;
    int calls_running = 0;
    int answered = 0;
    TaskGroup group{io.get_executor()};
};

Session::Events fuzz_events(FuzzedSession& fuzzed) {
    Session::Events events;
    events.on_log = [](std::string_view) {};
    events.on_list_changed = [](ListKind) {};
    events.on_notice = [](std::string_view method, std::string_view) {
        GH_ASSERT(method.starts_with("notifications/") || !method.empty());
    };
    events.on_unsolicited_input = [&fuzzed](std::shared_ptr<InputRequest> request) {
        fuzzed.inputs.push_back(std::move(request));
    };
    return events;
}

void open_fuzzed(FuzzedSession& fuzzed, std::uint8_t choice) {
    int to[2];
    int from[2];
    GH_ASSERT(::pipe2(to, O_CLOEXEC | O_NONBLOCK) == 0 && ::pipe2(from, O_CLOEXEC) == 0);
    fuzzed.from_session = UniqueFd(to[0]);
    fuzzed.to_session = UniqueFd(from[1]);
    SessionOptions options;
    options.frame_max_bytes = 4 << 10;
    options.concurrency = 3;
    options.catalogue_items_max_count = 8;
    options.single_session = (choice & 1) != 0;
    if ((choice & 2) != 0) {
        options.known_era = (choice & 4) != 0 ? Era::modern : Era::legacy;
    }
    fuzzed.session = std::make_unique<StdioSession>(
        fuzzed.io.get_executor(), UniqueFd(to[1]), UniqueFd(from[0]), options, fuzz_events(fuzzed));
}

Task<void> run_fuzzed(FuzzedSession& fuzzed) {
    auto running = fuzzed.session->run();
    const Error why = co_await std::move(running);
    GH_ASSERT(!why.code.empty());
}

Task<void> one_fuzzed_call(FuzzedSession& fuzzed, bool exclusive) {
    auto call = std::make_shared<ConnectorCall>();
    call->method = "tools/call";
    call->params = R"({"name":"x","_meta":{"a":1}})";
    call->log_level = "info";
    call->exclusive = exclusive;
    call->deadline = 1h;
    call->on_progress = [](std::string_view) {};
    call->on_log = [](std::string_view) {};
    call->on_input = [&fuzzed](std::shared_ptr<InputRequest> request) {
        fuzzed.inputs.push_back(std::move(request));
    };
    ++fuzzed.calls_running;
    auto calling = fuzzed.session->call(call);
    const CallReply reply = co_await std::move(calling);
    --fuzzed.calls_running;
    GH_ASSERT(reply.body_offset + reply.body_length <= reply.frame.size());
}

Task<void> use_fuzzed(FuzzedSession& fuzzed) {
    auto shaking = fuzzed.session->handshake(1h);
    const auto catalogue = co_await std::move(shaking);
    if (!catalogue) {
        co_return;
    }
    for (const ListKind kind :
         {ListKind::tools, ListKind::prompts, ListKind::resources, ListKind::resource_templates}) {
        GH_ASSERT(catalogue->list(kind).size() <= 8);
    }
    fuzzed.group.spawn("call", one_fuzzed_call(fuzzed, false));
    auto watching = fuzzed.session->watch_resource("r:1", 1h);
    const CallReply watched = co_await std::move(watching);
    fuzzed.session->unwatch_resource("r:1");
    fuzzed.session->tell_roots_changed();
    fuzzed.group.spawn("exclusive", one_fuzzed_call(fuzzed, true));
    fuzzed.group.spawn("last", one_fuzzed_call(fuzzed, false));
    GH_ASSERT(watched.body_offset + watched.body_length <= watched.frame.size());
}

// Runs what is ready; answers every second question; reads away what the session wrote.
void settle_fuzzed(FuzzedSession& fuzzed) {
    for (int turn = 0; turn < 8 && fuzzed.io.poll() > 0; ++turn) {
        fuzzed.io.restart();
    }
    while (!fuzzed.inputs.empty()) {
        const auto request = fuzzed.inputs.back();
        fuzzed.inputs.pop_back();
        if (++fuzzed.answered % 2 == 0) {
            request->answer("{}");
        }
    }
    fuzzed.io.restart();
    char block[65536];
    while (::read(fuzzed.from_session.get(), block, sizeof block) > 0) {
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1 || size > input_max) {
        return 0;
    }
    std::signal(SIGPIPE, SIG_IGN);
    FuzzedSession fuzzed;
    open_fuzzed(fuzzed, data[0]);
    fuzzed.group.spawn("session", run_fuzzed(fuzzed));
    fuzzed.group.spawn("user", use_fuzzed(fuzzed));
    settle_fuzzed(fuzzed);
    std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
    for (std::size_t i = 0; i < lines_max_count && !rest.empty(); ++i) {
        const std::size_t end = std::min(rest.find('\n'), rest.size() - 1) + 1;
        GH_ASSERT(::write(fuzzed.to_session.get(), rest.data(), end) == static_cast<ssize_t>(end));
        rest.remove_prefix(end);
        settle_fuzzed(fuzzed);
    }
    fuzzed.to_session.reset();
    settle_fuzzed(fuzzed);
    GH_ASSERT(fuzzed.calls_running == 0);
    GH_ASSERT(fuzzed.session->counters().in_flight == 0);
    GH_ASSERT(fuzzed.session->counters().queued == 0);
    fuzzed.session->stop();
    fuzzed.group.stop();
    settle_fuzzed(fuzzed);
    GH_ASSERT(fuzzed.group.running_count() == 0);
    return 0;
}
