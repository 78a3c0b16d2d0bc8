// The admin API on a real unix socket over a real store, vault and journal in a temporary folder;
// only the connectors are a fake with behaviour. The event loop runs in its own thread.
#pragma once

#include "gateway/admin/admin_api.hpp"
#include "gateway/cli/admin_client.hpp"
#include "gateway/store/store.hpp"
#include "runtime/base/task_group.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace admin_test {

using namespace gatehouse;
using namespace gatehouse::gateway;

// Connectors that start and stop at once, unless told to fail. Touched on the loop's thread alone.
class FakeConnectors final : public ConnectorControl {
  public:
    explicit FakeConnectors(runtime::LogStore& logs) : logs_(logs) {}

    void add(const std::string& name) {
        runtime::ConnectorStatus status;
        status.name = ConnectorName(name);
        status.title = "Title of " + name;
        status.health = "idle";
        status.lifecycle = "idle";
        status.since = WallTime(std::chrono::seconds(1'700'000'000));
        statuses_[name] = status;
    }
    void fail_with(Error error) { failure_ = std::move(error); }
    std::vector<std::string> changed_secrets;

    std::vector<runtime::ConnectorStatus> statuses() const override {
        std::vector<runtime::ConnectorStatus> all;
        for (const auto& [name, status] : statuses_) {
            all.push_back(status);
        }
        return all;
    }
    std::optional<runtime::ConnectorStatus> status(const ConnectorName& name) const override {
        const auto found = statuses_.find(name.str());
        return found == statuses_.end() ? std::nullopt : std::optional(found->second);
    }
    Task<Result<void>> start(ConnectorName name) override {
        return become(name, "healthy", "ready");
    }
    Task<Result<void>> stop(ConnectorName name) override {
        return become(name, "stopped", "stopped");
    }
    Task<Result<void>> restart(ConnectorName name) override {
        return become(name, "healthy", "ready");
    }
    Task<Result<void>> wake(ConnectorName name) override {
        return become(name, "healthy", "ready");
    }
    Result<Json> describe(const ConnectorName& name) const override {
        const auto found = status(name);
        return found ? Result<Json>(status_json(*found))
                     : Result<Json>(no_such_error("connector", name.str(), "ls"));
    }
    std::vector<runtime::CrashRecord> crashes(const ConnectorName&) const override {
        return crash_records;
    }
    std::shared_ptr<const runtime::Catalogue> catalogue(const ConnectorName&) const override {
        return offered;
    }
    runtime::EventLog* events() override { return event_log; }
    std::vector<runtime::CrashRecord> crash_records;
    std::shared_ptr<const runtime::Catalogue> offered;
    runtime::EventLog* event_log = nullptr;
    void secret_changed(const SecretName& name) override { changed_secrets.push_back(name.str()); }
    Result<runtime::ConnectorLog*> log(const ConnectorName& name) override {
        return logs_.open(name, 1 << 20);
    }

  private:
    Task<Result<void>> become(ConnectorName name, std::string health, std::string lifecycle) {
        if (failure_) {
            co_return *failure_;
        }
        runtime::ConnectorStatus& status = statuses_.at(name.str());
        status.health = std::move(health);
        status.lifecycle = std::move(lifecycle);
        status.tool_count = 3;
        co_return Result<void>();
    }

    runtime::LogStore& logs_;
    std::map<std::string, runtime::ConnectorStatus> statuses_;
    std::optional<Error> failure_;
};

inline std::filesystem::path make_folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "gh-admin-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    return pattern;
}

template <class T>
std::unique_ptr<T> opened(Result<std::unique_ptr<T>> result) {
    INFO((result ? std::string() : to_text(result.error())));
    REQUIRE(result);
    return std::move(result).value();
}

class AdminFixture {
  public:
    explicit AdminFixture(Reloader* reloader = nullptr, ToolCaller* caller = nullptr)
        : reloader_(reloader), caller_(caller) {
        connectors.add("notes");
        connectors.add("echo");
        REQUIRE(server_.listen_unix(socket));
        tasks_.spawn("admin listener", server_.run());
        thread_ = std::thread([this] { context_.run(); });
    }
    ~AdminFixture() {
        on_loop([this] {
            api_.stop();
            server_.stop(std::chrono::milliseconds(500));
        });
        thread_.join();
        std::filesystem::remove_all(folder);
    }

    void keep_events() {
        on_loop([this] {
            events_ = opened(runtime::EventLog::open(clock_, folder / "events"));
            connectors.event_log = events_.get();
        });
    }

    // Runs the function on the loop's thread and waits for it.
    template <class Function>
    void on_loop(Function function) {
        std::promise<void> done;
        boost::asio::post(context_, [&] {
            function();
            done.set_value();
        });
        done.get_future().wait();
    }

    Result<Json> ask(const std::string& method, const std::string& target,
                     std::string_view body = "") {
        AdminRequest request;
        request.method = method;
        request.target = "/api/v1/" + target;
        request.body = body;
        return client.request(request);
    }
    // The code of the error that must come.
    std::string refusal(const std::string& method, const std::string& target,
                        std::string_view body = "") {
        const auto answer = ask(method, target, body);
        return answer ? "no refusal: " + dump_json(answer.value()) : answer.error().code;
    }
    // The newest records of the journal that say what was done to what: "admin secret.set api".
    std::vector<std::string> journal_lines() {
        auto lines = tail_journal(folder / "journal", 100);
        REQUIRE(lines);
        return std::move(lines).value();
    }

    const std::filesystem::path folder = make_folder();
    const std::filesystem::path socket = folder / "admin.sock";
    const AdminClient client{socket};

  private:
    boost::asio::io_context context_{1};
    SystemClock clock_;
    std::unique_ptr<Store> store_ = opened(Store::open(folder / "store.sqlite"));
    std::unique_ptr<AgentRegistry> agents_ = opened(AgentRegistry::open(*store_, clock_));
    std::unique_ptr<Vault> vault_ = opened(Vault::open(*store_, clock_, folder / "vault.key"));
    std::unique_ptr<Journal> journal_ =
        opened(Journal::open(context_.get_executor(), clock_, JournalOptions{folder / "journal"}));
    runtime::LogStore logs_{clock_, folder / "logs"};
    std::unique_ptr<runtime::EventLog> events_;
    Reloader* reloader_;
    ToolCaller* caller_;

  public:
    FakeConnectors connectors{logs_};
    Vault& vault() { return *vault_; }
    AgentRegistry& agents() { return *agents_; }
    std::vector<std::string> ended_agents; // touched on the loop's thread alone

  private:
    DaemonFacts facts_{"http://127.0.0.1:8080", {"demo"},        {"user: user namespaces"},
                       "gatehouse.yaml",        folder.string(), clock_.wall_now()};
    AdminApi api_{context_.get_executor(),
                  AdminParts{connectors, *agents_, *vault_, *journal_, clock_, reloader_, caller_,
                             [this](const PrincipalId& who) { ended_agents.push_back(who.str()); }},
                  facts_};
    HttpServer server_{context_.get_executor(), api_, HttpLimits{}};
    std::thread thread_;
    TaskGroup tasks_{context_.get_executor()};
};

} // namespace admin_test
