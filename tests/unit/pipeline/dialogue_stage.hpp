// A gateway in front of a connector whose every word the test speaks, and clients of both eras that
// stay connected while it does. Nothing here sleeps: the loop turns until what is awaited holds.
#pragma once

#include "tests/unit/pipeline/fixture.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>

namespace gatehouse::gateway::testing {

// One call as it reached the connector.
struct Talk {
    Talk(const Executor& executor, std::shared_ptr<runtime::ConnectorCall> received)
        : call(std::move(received)), wake(executor, SteadyTime::max()) {}

    void result(const std::string& body) { reply(runtime::CallEnd::result, "result", body); }
    void error(const std::string& body) { reply(runtime::CallEnd::error, "error", body); }
    void fail(runtime::CallEnd end, Error why) {
        runtime::CallReply failed;
        failed.end = end;
        failed.failure = std::move(why);
        settle(std::move(failed));
    }
    // A question in the middle of the call, as a legacy connector asks it.
    std::shared_ptr<runtime::InputRequest> ask(const std::string& method,
                                               const std::string& params) {
        auto request = std::make_shared<runtime::InputRequest>();
        request->method = method;
        request->params = params;
        request->set_answer_handler([this](std::string answer, std::string error_text) {
            answers.push_back(answer.empty() ? "error " + error_text : answer);
        });
        if (call->on_input) {
            call->on_input(request);
        }
        return request;
    }
    bool ended() const { return done.has_value(); }

    std::shared_ptr<runtime::ConnectorCall> call;
    Era era = Era::legacy;
    std::vector<std::string> answers;
    std::optional<runtime::CallReply> done;
    asio::steady_timer wake;

  private:
    void reply(runtime::CallEnd end, const std::string& member, const std::string& body) {
        runtime::CallReply answered;
        answered.end = end;
        answered.frame = R"({"jsonrpc":"2.0","id":9,")" + member + "\":";
        answered.body_offset = answered.frame.size();
        answered.body_length = body.size();
        answered.frame += body + "}";
        settle(std::move(answered));
    }
    void settle(runtime::CallReply reply) {
        if (!done) {
            reply.era = era;
            reply.instance = InstanceId{3};
            done = std::move(reply);
            wake.cancel();
        }
    }
};

class TalkingDirectory final : public runtime::ConnectorDirectory {
  public:
    explicit TalkingDirectory(Executor executor)
        : watch_wake(executor, SteadyTime::max()), executor_(executor) {
        set_era(Era::legacy);
    }

    void set_era(Era era) {
        auto made = std::make_shared<runtime::Catalogue>();
        made->era = era;
        made->capabilities =
            R"({"tools":{},"prompts":{},"resources":{"subscribe":true},"completions":{}})";
        for (const std::string name : {"echo", "rm"}) {
            made->tools.push_back(
                {name, "{\"name\":\"" + name + R"(","inputSchema":{"type":"object"}})"});
        }
        made->prompts.push_back({"greet", R"({"name":"greet"})"});
        made->prompts.push_back({"secret", R"({"name":"secret"})"});
        made->resources.push_back({"test://a", R"({"uri":"test://a","name":"a"})"});
        made->resources.push_back({"test://hidden", R"({"uri":"test://hidden","name":"h"})"});
        known = made;
    }
    bool contains(const ConnectorName& name) const override { return name.str() == "echo"; }
    std::shared_ptr<const runtime::Catalogue> known_catalogue(const ConnectorName&) const override {
        return known;
    }
    Task<Result<std::shared_ptr<const runtime::Catalogue>>>
    catalogue(ConnectorName, std::chrono::milliseconds) override {
        co_return known;
    }
    Task<runtime::CallReply> call(ConnectorName,
                                  std::shared_ptr<runtime::ConnectorCall> call) override {
        auto talk = std::make_shared<Talk>(executor_, call);
        talk->era = known->era;
        talks.push_back(talk);
        call->set_cancel_handler([weak = std::weak_ptr(talk)] {
            if (const auto alive = weak.lock()) {
                alive->fail(runtime::CallEnd::cancelled,
                            Error{"GH-R704", "the call was cancelled", "", "", ""});
            }
        });
        if (call->cancelled()) {
            talk->fail(runtime::CallEnd::cancelled, Error{"GH-R704", "cancelled", "", "", ""});
        }
        if (on_call) {
            on_call(*talk);
        }
        while (!talk->done) {
            boost::system::error_code woken;
            auto token = asio::redirect_error(asio::use_awaitable, woken);
            co_await talk->wake.async_wait(token);
        }
        runtime::CallReply reply = *talk->done;
        call->set_cancel_handler(nullptr);
        co_return reply;
    }
    Task<runtime::CallReply> watch_resource(ConnectorName, std::shared_ptr<const runtime::Caller>,
                                            std::string uri) override {
        watched.push_back(uri);
        while (holds_watches) {
            boost::system::error_code woken;
            auto token = asio::redirect_error(asio::use_awaitable, woken);
            co_await watch_wake.async_wait(token);
        }
        runtime::CallReply reply;
        reply.end = runtime::CallEnd::result;
        reply.frame = "{}";
        reply.body_length = 2;
        co_return reply;
    }
    void unwatch_resource(const ConnectorName&, const runtime::Caller&,
                          const std::string& uri) override {
        unwatched.push_back(uri);
    }
    bool validates_arguments(const ConnectorName&) const override { return true; }
    std::chrono::milliseconds call_timeout(const ConnectorName&) const override {
        return std::chrono::seconds(5);
    }
    std::vector<SecretName> required_secrets(const ConnectorName&) const override { return {}; }

    std::shared_ptr<const runtime::Catalogue> known;
    std::function<void(Talk&)> on_call;
    std::deque<std::shared_ptr<Talk>> talks;
    std::vector<std::string> watched;
    std::vector<std::string> unwatched;
    bool holds_watches = false; // until it is false and watch_wake was cancelled
    asio::steady_timer watch_wake;

  private:
    Executor executor_;
};

// A connection that stays open until the test hangs up.
class LiveResponder final : public HttpResponder {
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
        streamed = type == "text/event-stream";
        co_return !gone;
    }
    Task<bool> write(std::string bytes) override {
        body += gone ? "" : bytes;
        co_return !gone;
    }
    Task<bool> write_reply_body(HttpReply reply) override {
        body += gone ? "" : bytes_of(reply);
        co_return !gone;
    }
    Task<void> finish() override { co_return; }
    void on_disconnect(std::function<void()> handler) override { handler_ = std::move(handler); }
    void hang_up() {
        gone = true;
        if (const auto handler = std::exchange(handler_, nullptr)) {
            handler();
        }
    }

    // The JSON-RPC messages of the answer, from JSON or from events, in order.
    std::vector<std::string> messages() const {
        if (!streamed) {
            return body.empty() ? std::vector<std::string>() : std::vector<std::string>{body};
        }
        std::vector<std::string> found;
        constexpr std::string_view mark = "\ndata: ";
        const std::string text = "\n" + body;
        for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
            const auto start = at + mark.size();
            const auto line = text.substr(start, text.find('\n', start) - start);
            if (!line.empty()) {
                found.push_back(line);
            }
        }
        return found;
    }

    int status = 0;
    bool streamed = false;
    bool gone = false;
    bool done = false; // the request is answered
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;

  private:
    static std::string bytes_of(const HttpReply& reply) {
        return reply.body_prefix + reply.body.substr(reply.body_offset, reply.body_length) +
               reply.body_suffix;
    }
    std::function<void()> handler_;
};

class DialogueStage {
  public:
    using Request = std::shared_ptr<LiveResponder>;

    explicit DialogueStage(DialogueLimits wanted = {}, std::uint64_t bodies_max_bytes = 1 << 20)
        : limits(wanted), directory(gateway.loop.get_executor()),
          requests(std::make_unique<TaskGroup>(gateway.loop.get_executor())) {
        PolicyRule hidden;
        hidden.name = "hidden";
        hidden.prompts = {"secret"};
        gateway.config.policy.push_back(hidden);
        PolicyRule hidden_uri;
        hidden_uri.name = "hidden-uri";
        hidden_uri.resources = {"test://hidden"};
        gateway.config.policy.push_back(hidden_uri);
        gateway.policy.emplace(GatewayFixture::value_of(Policy::compile(gateway.config.policy)));
        VirtualServerConfig& server = gateway.config.virtual_servers.front();
        server.audience.agents.push_back("stranger");
        CallServices services{gateway.clock, *gateway.policy, *gateway.vault, *gateway.journal,
                              directory};
        services.calls_in_flight_max = 64;
        services.bodies_in_flight_max_bytes = bodies_max_bytes;
        services.dialogue = limits;
        gateway.endpoint = std::make_unique<McpEndpoint>(gateway.loop.get_executor(),
                                                         gateway.config, *gateway.agents, services);
    }
    ~DialogueStage() {
        for (const auto& talk : directory.talks) {
            talk->fail(runtime::CallEnd::may_have_run, Error{"GH-P301", "stopped", "", "", ""});
        }
        requests->spawn("join", gateway.endpoint->join());
        turn_until([this] { return requests->running_count() == 0; });
        gateway.endpoint.reset();
    }

    bool turn_until(const std::function<bool()>& holds) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
        gateway.loop.restart();
        while (!holds() && std::chrono::steady_clock::now() < deadline) {
            gateway.loop.run_one_for(std::chrono::milliseconds(20));
        }
        return holds();
    }
    // What is ready to happen has happened.
    void settle() {
        gateway.loop.restart();
        while (gateway.loop.poll() > 0) {
            gateway.loop.restart();
        }
    }

    Request send(HttpRequest request) {
        auto responder = std::make_shared<LiveResponder>();
        requests->spawn("request", carry(std::move(request), responder));
        settle();
        return responder;
    }
    bool answered(const Request& request) {
        return turn_until([&] { return request->done; });
    }
    // Answered with one JSON-RPC message.
    Json answer_to(const Request& request) {
        REQUIRE(answered(request));
        const auto messages = request->messages();
        REQUIRE_FALSE(messages.empty());
        return GatewayFixture::value_of(parse_json(messages.back()));
    }
    Talk& talk(std::size_t number) {
        REQUIRE(turn_until([&] { return directory.talks.size() > number; }));
        return *directory.talks[number];
    }

    // --- A legacy client.
    void open_session(const std::string& capabilities, const std::string& version = "2025-11-25",
                      const std::string& token = "") {
        HttpRequest request = gateway.post(
            R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":")" +
            version + R"(","capabilities":)" + capabilities +
            R"(,"clientInfo":{"name":"t","version":"1"}}})");
        use_token(request, token);
        const auto started = send(std::move(request));
        REQUIRE(answered(started));
        for (const auto& [key, value] : started->headers) {
            session = key == "Mcp-Session-Id" ? value : session;
        }
        session_version = version;
    }
    HttpRequest legacy(const std::string& body) const {
        HttpRequest request = gateway.post(body);
        request.headers.emplace_back("Mcp-Session-Id", session);
        request.headers.emplace_back("MCP-Protocol-Version", session_version);
        return request;
    }
    Request ask_legacy(const std::string& method, const std::string& params,
                       const std::string& id = "1") {
        return send(legacy(R"({"jsonrpc":"2.0","id":)" + id + R"(,"method":")" + method +
                           R"(","params":)" + params + "}"));
    }

    // --- A modern client. `params` ends with a comma, or is empty.
    Request ask_modern(const std::string& method, const std::string& params,
                       const std::string& name, const std::string& capabilities = "{}",
                       const std::string& meta = "", const std::string& token = "") {
        HttpRequest request = gateway.post(
            R"({"jsonrpc":"2.0","id":"m","method":")" + method + R"(","params":{)" + params +
            R"("_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",)" + meta +
            R"("io.modelcontextprotocol/clientCapabilities":)" + capabilities + "}}}");
        request.headers.emplace_back("MCP-Protocol-Version", "2026-07-28");
        request.headers.emplace_back("Mcp-Method", method);
        if (!name.empty()) {
            request.headers.emplace_back("Mcp-Name", name);
        }
        use_token(request, token);
        return send(std::move(request));
    }

    std::vector<Json> journal() const {
        const auto lines = tail_journal(gateway.folder / "journal", 1000);
        REQUIRE(lines.has_value());
        std::vector<Json> records;
        for (const std::string& line : *lines) {
            Json record = GatewayFixture::value_of(parse_json(line));
            if (record["kind"] == "intent" || record["kind"] == "outcome" ||
                record["kind"] == "denial") {
                records.push_back(std::move(record));
            }
        }
        return records;
    }
    // Each dispatch has one intent and one outcome, in this order; gives the outcomes' words.
    std::vector<std::string> outcomes() const {
        std::vector<std::string> words;
        std::map<std::uint64_t, int> open;
        for (const Json& record : journal()) {
            const auto call = record["call"].get<std::uint64_t>();
            if (record["kind"] == "intent") {
                CHECK(open[call]++ == 0);
            } else if (record["kind"] == "outcome") {
                CHECK(open[call]++ == 1);
                words.push_back(record["outcome"].get<std::string>());
            }
        }
        for (const auto& [call, count] : open) {
            CHECK(count == 2);
        }
        return words;
    }

    DialogueLimits limits;
    GatewayFixture gateway;
    TalkingDirectory directory;
    std::unique_ptr<TaskGroup> requests;
    std::string session;
    std::string session_version;

  private:
    static void use_token(HttpRequest& request, const std::string& token) {
        if (!token.empty()) {
            request.headers[1].second = "Bearer " + token;
        }
    }
    Task<void> carry(HttpRequest request, std::shared_ptr<LiveResponder> responder) {
        if (auto refused = gateway.endpoint->check_head(request)) {
            auto sending = responder->send(std::move(*refused));
            co_await std::move(sending);
        } else {
            auto handling = gateway.endpoint->handle(std::move(request), *responder);
            co_await std::move(handling);
        }
        responder->done = true;
    }
};

inline Json json_of(const std::string& text) {
    return GatewayFixture::value_of(parse_json(text));
}

} // namespace gatehouse::gateway::testing
