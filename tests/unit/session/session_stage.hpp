// A Session on real pipes with a fake connector at their other ends: a thread that follows a
// script, and is joined. Only the test's own thread asserts.
#pragma once

#include "runtime/base/task_group.hpp"
#include "runtime/session/stdio_session.hpp"

#include <boost/asio/io_context.hpp>
#include <csignal>
#include <fcntl.h>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace session_test {

using namespace gatehouse;
using namespace gatehouse::runtime;
using namespace std::chrono_literals;

// The connector's side, used by its thread alone until it is joined.
class FakeConnector {
  public:
    FakeConnector(UniqueFd input, UniqueFd output)
        : input_(std::move(input)), output_(std::move(output)) {}

    // The next line without its newline; nothing at the end of stdin.
    std::optional<std::string> read_line() {
        while (true) {
            const std::size_t newline = held_.find('\n', scanned_);
            if (newline != std::string::npos) {
                std::string line = held_.substr(0, newline);
                held_.erase(0, newline + 1);
                scanned_ = 0;
                received.push_back(line);
                return line;
            }
            scanned_ = held_.size();
            char block[65536];
            const ssize_t count = ::read(input_.get(), block, sizeof block);
            if (count <= 0) {
                return std::nullopt;
            }
            held_.append(block, static_cast<std::size_t>(count));
        }
    }
    void read_to_end() {
        while (read_line()) {
        }
    }
    void write(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t count = ::write(output_.get(), bytes.data(), bytes.size());
            if (count <= 0) {
                return;
            }
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
    }
    void write_line(std::string_view line) { write(std::string(line) + "\n"); }
    void close_stdout() { output_.reset(); }
    void close_stdin() { input_.reset(); }

    std::vector<std::string> received;

  private:
    UniqueFd input_;
    UniqueFd output_;
    std::string held_;
    std::size_t scanned_ = 0;
};

// The raw id of a request line as Session writes it.
inline std::string id_in(const std::string& line) {
    const std::size_t start = line.find("\"id\":") + 5;
    return line.substr(start, line.find(',', start) - start);
}
inline std::string result_line(const std::string& id, const std::string& result) {
    return "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"result\":" + result + "}";
}

inline std::shared_ptr<ConnectorCall> new_call(std::string params = "{}",
                                               std::chrono::milliseconds deadline = 5s) {
    auto call = std::make_shared<ConnectorCall>();
    call->method = "tools/call";
    call->params = std::move(params);
    call->deadline = deadline;
    return call;
}

class Stage {
  public:
    using Script = std::function<void(FakeConnector&)>;
    using Body = Task<void> (*)(Stage&);

    // Runs until the body returned and all has ended; false if that took more than 30 seconds.
    bool play(Script script, Body body, SessionOptions options = SessionOptions()) {
        std::signal(SIGPIPE, SIG_IGN);
        int to_connector[2];
        int from_connector[2];
        if (::pipe2(to_connector, O_CLOEXEC) != 0 || ::pipe2(from_connector, O_CLOEXEC) != 0) {
            return false;
        }
        connector =
            std::make_unique<FakeConnector>(UniqueFd(to_connector[0]), UniqueFd(from_connector[1]));
        session = std::make_unique<StdioSession>(io.get_executor(), UniqueFd(to_connector[1]),
                                                 UniqueFd(from_connector[0]), options, events());
        std::thread thread([this, script = std::move(script)] {
            script(*connector);
            connector->close_stdout();
            connector->close_stdin();
        });
        const bool ended = run(body);
        thread.join();
        return ended;
    }
    // The same with a real program in the place of the fake; false also if it cannot be started.
    bool play_program(const std::vector<std::string>& command, Body body,
                      SessionOptions options = SessionOptions());

    asio::io_context io;
    std::unique_ptr<FakeConnector> connector;
    std::unique_ptr<Session> session;
    std::vector<std::string> strays;
    std::vector<std::string> logs;
    int list_changes = 0;
    std::vector<ListKind> changed_lists;
    std::vector<std::string> notices; // "method params"
    std::vector<std::shared_ptr<InputRequest>> unsolicited;
    int input_seen = 0;
    std::optional<Error> end_reason;
    std::vector<CallReply> replies;
    TaskGroup group{io.get_executor()};

    void spawn_call(std::shared_ptr<ConnectorCall> call) {
        group.spawn("call", run_call(*this, std::move(call)));
    }
    // Lets others run until `done` says so; bounded by play()'s own limit.
    static Task<void> until(Stage& stage, std::function<bool()> done);

  private:
    bool run(Body body) {
        group.spawn("session", run_session(*this));
        group.spawn("body", run_body(*this, body));
        io.run_for(30s);
        const bool ended = group.running_count() == 0;
        if (!ended) {
            session->stop();
            group.stop();
            io.run_for(5s);
        }
        return ended;
    }
    Session::Events events() {
        Session::Events wired;
        wired.on_stray = [this](std::string_view line) { strays.emplace_back(line); };
        wired.on_log = [this](std::string_view params) { logs.emplace_back(params); };
        wired.on_list_changed = [this](ListKind kind) {
            ++list_changes;
            changed_lists.push_back(kind);
        };
        wired.on_notice = [this](std::string_view method, std::string_view params) {
            notices.push_back(std::string(method) + " " + std::string(params));
        };
        wired.on_unsolicited_input = [this](std::shared_ptr<InputRequest> request) {
            unsolicited.push_back(std::move(request));
        };
        wired.on_input_seen = [this] { ++input_seen; };
        return wired;
    }
    static Task<void> run_session(Stage& stage) {
        auto running = stage.session->run();
        Error reason = co_await std::move(running);
        stage.end_reason = std::move(reason);
    }
    static Task<void> run_call(Stage& stage, std::shared_ptr<ConnectorCall> call) {
        auto calling = stage.session->call(std::move(call));
        CallReply reply = co_await std::move(calling);
        stage.replies.push_back(std::move(reply));
    }
    static Task<void> run_body(Stage& stage, Body body) {
        auto acting = body(stage);
        co_await std::move(acting);
        stage.session->stop();
    }
};

} // namespace session_test
