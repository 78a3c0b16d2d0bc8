// An McpEndpoint on real stores in a temporary folder, in front of a directory with behaviour of
// its own: one connector "echo" whose tool answers with the params it was given.
#pragma once

#include "gateway/pipeline/endpoint.hpp"
#include "runtime/base/json.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace gatehouse::gateway::testing {

class FakeDirectory final : public runtime::ConnectorDirectory {
  public:
    FakeDirectory() {
        auto made = std::make_shared<runtime::Catalogue>();
        made->tools.push_back(
            {"echo",
             R"({"name":"echo","description":"Says it again","inputSchema":{"type":"object",)"
             R"("properties":{"text":{"type":"string","x-mcp-header":"Text"}}}})"});
        made->tools.push_back({"rm", R"({"name":"rm","inputSchema":{"type":"object"}})"});
        made->prompts.push_back({"greet", R"({"name":"greet"})"});
        made->resources.push_back({"test://a", R"({"uri":"test://a","name":"a"})"});
        made->capabilities =
            R"({"tools":{"listChanged":true},"prompts":{"listChanged":true},"logging":{},)"
            R"("resources":{"listChanged":true,"subscribe":true}})";
        known = made;
    }
    bool contains(const ConnectorName& name) const override { return name.str() == "echo"; }
    std::shared_ptr<const runtime::Catalogue> known_catalogue(const ConnectorName&) const override {
        return known;
    }
    Task<Result<std::shared_ptr<const runtime::Catalogue>>>
    catalogue(ConnectorName, std::chrono::milliseconds) override {
        if (start_failure) {
            co_return *start_failure;
        }
        co_return known;
    }
    Task<runtime::CallReply> call(ConnectorName,
                                  std::shared_ptr<runtime::ConnectorCall> call) override {
        calls.push_back(call->params);
        if (call->on_progress) {
            call->on_progress(R"({"progressToken":77,"progress":1,"total":2})");
        }
        runtime::CallReply reply;
        reply.end = next_end;
        if (next_end == runtime::CallEnd::result) {
            reply.frame = R"({"jsonrpc":"2.0","id":9,"result":{"content":[]}})";
            reply.body_offset = 33;
            reply.body_length = 14;
        } else {
            reply.failure = Error{"GH-P301", "the connector ended", "", "exit status 1", ""};
        }
        co_return reply;
    }
    Task<runtime::CallReply> watch_resource(ConnectorName, std::shared_ptr<const runtime::Caller>,
                                            std::string uri) override {
        watched.push_back(uri);
        runtime::CallReply reply;
        reply.end = runtime::CallEnd::result;
        reply.frame = R"({"jsonrpc":"2.0","id":9,"result":{}})";
        reply.body_offset = 33;
        reply.body_length = 2;
        co_return reply;
    }
    void unwatch_resource(const ConnectorName&, const runtime::Caller&,
                          const std::string& uri) override {
        unwatched.push_back(uri);
    }
    void session_ended(const std::string& session) override { ended_sessions.push_back(session); }
    void roots_changed(const runtime::Caller& caller) override {
        told_of_roots.push_back(caller.session);
    }
    bool validates_arguments(const ConnectorName&) const override { return true; }
    std::chrono::milliseconds call_timeout(const ConnectorName&) const override {
        return std::chrono::seconds(5);
    }
    std::vector<SecretName> required_secrets(const ConnectorName&) const override {
        return secrets;
    }

    std::shared_ptr<const runtime::Catalogue> known;
    std::optional<Error> start_failure; // with `known` null: it never started
    std::vector<std::string> calls;
    std::vector<std::string> watched, unwatched, ended_sessions, told_of_roots;
    std::vector<SecretName> secrets;
    runtime::CallEnd next_end = runtime::CallEnd::result;
};

class RecordingResponder final : public HttpResponder {
  public:
    Task<void> send(HttpReply reply) override {
        status = reply.status;
        headers = reply.headers;
        body += bytes_of(reply);
        co_return;
    }
    Task<bool> start_stream(int stream_status, std::string type,
                            std::vector<std::pair<std::string, std::string>>) override {
        status = stream_status;
        stream_type = std::move(type);
        co_return true;
    }
    Task<bool> write(std::string bytes) override {
        body += bytes;
        co_return true;
    }
    Task<bool> write_reply_body(HttpReply reply) override {
        body += bytes_of(reply);
        co_return true;
    }
    Task<void> finish() override {
        finished = true;
        co_return;
    }
    void on_disconnect(std::function<void()> handler) override { hang_up = std::move(handler); }

    std::string header(std::string_view name) const {
        for (const auto& [key, value] : headers) {
            if (key == name) {
                return value;
            }
        }
        return "";
    }
    Json json() const {
        auto parsed = parse_json(body);
        REQUIRE(parsed.has_value());
        return *parsed;
    }

    int status = 0;
    std::string stream_type;
    std::string body;
    bool finished = false;
    std::vector<std::pair<std::string, std::string>> headers;
    std::function<void()> hang_up;

  private:
    static std::string bytes_of(const HttpReply& reply) {
        return reply.body_prefix + reply.body.substr(reply.body_offset, reply.body_length) +
               reply.body_suffix;
    }
};

class GatewayFixture {
  public:
    GatewayFixture() : loop(1), folder(make_folder()) {
        config.public_url = "http://127.0.0.1:8080";
        VirtualServerConfig server;
        server.name = VirtualServerName("demo");
        server.audience.agents = {"ci"};
        ExposedConnector exposed;
        exposed.name = ConnectorName("echo");
        exposed.prefix = "echo_";
        server.connectors.push_back(exposed);
        config.virtual_servers.push_back(server);
        PolicyRule rule;
        rule.name = "no-rm";
        rule.tools = {"rm"};
        config.policy.push_back(rule);
        store = value_of(Store::open(folder / "store.sqlite"));
        agents = value_of(AgentRegistry::open(*store, clock));
        vault = value_of(Vault::open(*store, clock, folder / "vault.key"));
        JournalOptions options;
        options.folder = folder / "journal";
        journal = value_of(Journal::open(loop.get_executor(), clock, options));
        policy.emplace(value_of(Policy::compile(config.policy)));
        token = std::string(value_of(agents->create("ci")).reveal());
        other_token = std::string(value_of(agents->create("stranger")).reveal());
        make_endpoint(1U << 20);
    }
    void make_endpoint(std::uint64_t bodies_max_bytes) {
        const CallServices services{clock,     *policy, *vault,          *journal,
                                    directory, 16,      bodies_max_bytes};
        endpoint = std::make_unique<McpEndpoint>(loop.get_executor(), config, *agents, services);
    }
    ~GatewayFixture() { std::filesystem::remove_all(folder); }

    HttpRequest post(std::string body) const {
        HttpRequest request;
        request.method = "POST";
        request.target = "/v/demo/mcp";
        request.peer = "127.0.0.1:5";
        request.body = std::move(body);
        request.headers = {{"Host", "127.0.0.1:8080"},
                           {"Authorization", "Bearer " + token},
                           {"Content-Type", "application/json"},
                           {"Accept", "application/json, text/event-stream"}};
        return request;
    }

    // What the listener does: the head is checked first, then the request is handled.
    RecordingResponder run(HttpRequest request) {
        RecordingResponder responder;
        TaskGroup tasks(loop.get_executor());
        if (auto refused = endpoint->check_head(request)) {
            tasks.spawn("refused", responder.send(std::move(*refused)));
        } else {
            tasks.spawn("request", endpoint->handle(std::move(request), responder));
        }
        // Not until the loop is out of work: a timer of the gateway's may wait for seconds more.
        loop.restart();
        while (tasks.running_count() > 0 && loop.run_one() > 0) {
        }
        return responder;
    }

    HttpRequest in_session(std::string body) {
        if (session.empty()) {
            const auto started =
                run(post(R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{)"
                         R"("protocolVersion":"2025-06-18","capabilities":{},)"
                         R"("clientInfo":{"name":"t","version":"1"}}})"));
            session = started.header("Mcp-Session-Id");
            REQUIRE(session.size() == 32);
        }
        HttpRequest request = post(std::move(body));
        request.headers.emplace_back("Mcp-Session-Id", session);
        return request;
    }

    HttpRequest modern(const std::string& method, const std::string& params,
                       const std::string& name = "") const {
        HttpRequest request =
            post(R"({"jsonrpc":"2.0","id":"m","method":")" + method + R"(","params":{)" + params +
                 R"("_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
                 R"("io.modelcontextprotocol/clientCapabilities":{}}}})");
        request.headers.emplace_back("MCP-Protocol-Version", "2026-07-28");
        request.headers.emplace_back("mcp-method", method);
        if (!name.empty()) {
            request.headers.emplace_back("Mcp-Name", name);
        }
        return request;
    }

    template <class T>
    static T value_of(Result<T> result) {
        if (!result) {
            FAIL(to_text(result.error()));
        }
        return std::move(*result);
    }

    asio::io_context loop;
    std::filesystem::path folder;
    SystemClock clock;
    GatewayConfig config;
    FakeDirectory directory;
    std::unique_ptr<Store> store;
    std::unique_ptr<AgentRegistry> agents;
    std::unique_ptr<Vault> vault;
    std::unique_ptr<Journal> journal;
    std::optional<Policy> policy;
    std::unique_ptr<McpEndpoint> endpoint;
    std::string token;
    std::string other_token;
    std::string session;

  private:
    static std::filesystem::path make_folder() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "gh-pipeline-XXXXXX").string();
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        return pattern;
    }
};

} // namespace gatehouse::gateway::testing
