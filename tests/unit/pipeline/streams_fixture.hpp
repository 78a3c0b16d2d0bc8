// A gateway whose answers may stay open: a request is begun, and the loop is turned by hand.
#pragma once

#include "tests/unit/pipeline/fixture.hpp"

#include <boost/asio/steady_timer.hpp>

namespace gatehouse::gateway::testing {

class StreamsFixture : public GatewayFixture {
  public:
    ~StreamsFixture() {
        endpoint->stop();
        for (const auto& responder : open_) {
            hang_up(*responder);
        }
        turn();
    }

    // The answer as far as it goes without waiting.
    RecordingResponder& begin(HttpRequest request) {
        open_.push_back(std::make_unique<RecordingResponder>());
        RecordingResponder& responder = *open_.back();
        if (auto refused = endpoint->check_head(request)) {
            tasks_.spawn("refused", responder.send(std::move(*refused)));
        } else {
            tasks_.spawn("request", endpoint->handle(std::move(request), responder));
        }
        turn();
        return responder;
    }
    void turn() {
        for (int i = 0; i < 20; ++i) {
            loop.restart();
            loop.poll();
        }
    }
    // Until what was gathered has gone out.
    void pass_gather_time() {
        bool passed = false;
        asio::steady_timer timer(loop, std::chrono::milliseconds(60));
        timer.async_wait([&](auto) { passed = true; });
        loop.restart();
        while (!passed) {
            loop.run_one();
        }
        turn();
    }
    void hang_up(RecordingResponder& responder) {
        if (responder.hang_up) {
            std::exchange(responder.hang_up, nullptr)();
        }
        turn();
    }

    std::string start_session(const std::string& version, const std::string& capabilities = "{}",
                              bool initialized = true) {
        const auto& started =
            begin(post(R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{)"
                       R"("protocolVersion":")" +
                       version + R"(","capabilities":)" + capabilities +
                       R"(,"clientInfo":{"name":"t","version":"1"}}})"));
        const std::string id = started.header("Mcp-Session-Id");
        REQUIRE(id.size() == 32);
        if (initialized) {
            CHECK(
                begin(of(id, R"({"jsonrpc":"2.0","method":"notifications/initialized"})")).status ==
                202);
        }
        return id;
    }
    HttpRequest of(const std::string& session_id, std::string body) const {
        HttpRequest request = post(std::move(body));
        request.headers.emplace_back("Mcp-Session-Id", session_id);
        return request;
    }
    HttpRequest get(const std::string& session_id, const std::string& last_event = "") const {
        HttpRequest request = of(session_id, "");
        request.method = "GET";
        if (!last_event.empty()) {
            request.headers.emplace_back("Last-Event-ID", last_event);
        }
        return request;
    }
    void notice(std::string_view method, std::string_view params = {},
                const runtime::InstanceOwner& owner = {}) {
        const ConnectorName connector("echo");
        endpoint->observer().on_notice(runtime::ConnectorNotice{connector, owner, method, params});
    }
    static runtime::InstanceOwner owner_of(const std::string& session_id) {
        return {PrincipalId("agent:ci"), session_id};
    }

  private:
    std::vector<std::unique_ptr<RecordingResponder>> open_;
    TaskGroup tasks_{loop.get_executor()};
};

inline std::size_t count_of(std::string_view text, std::string_view part) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1)) {
        ++count;
    }
    return count;
}

} // namespace gatehouse::gateway::testing
