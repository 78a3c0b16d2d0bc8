#include "runtime/supervisor/connector_breakers.hpp"

#include <catch2/catch.hpp>

using namespace gatehouse;
using namespace gatehouse::runtime;
using std::chrono::seconds;

namespace {

struct Breakers {
    ConnectorCall call_of(const std::string& tool) const {
        ConnectorCall call;
        call.method = "tools/call";
        call.params = R"({"name":")" + tool + R"("})";
        return call;
    }
    void ends(const std::string& tool, const std::string& host) {
        CallReply reply;
        reply.end = CallEnd::result;
        std::optional<ResultFailure> told;
        if (!host.empty()) {
            told.emplace();
            told->error = Error{"GH-D205", "it is away", "", "", ""};
            told->host = host;
        }
        const ConnectorCall call = call_of(tool);
        breakers.on_outcome(CallOutcomeSeen{call, reply, told, clock.steady_now()},
                            clock.steady_now());
    }
    // Refused before it reached an instance, with the reason that none is there.
    void is_refused(const std::string& tool) {
        CallReply reply;
        reply.end = CallEnd::never_sent;
        reply.failure = Error{"GH-D202", "the connector cannot connect", "", "", ""};
        const std::optional<ResultFailure> told;
        breakers.on_outcome(CallOutcomeSeen{call_of(tool), reply, told, clock.steady_now()},
                            clock.steady_now());
    }
    bool held(const std::string& tool) {
        return breakers.held_back(call_of(tool), clock.steady_now()).has_value();
    }
    ManualClock clock;
    ConnectorBreakers breakers{"notes", ""};
};

} // namespace

TEST_CASE("nothing is held back before anything failed") {
    Breakers test;
    CHECK_FALSE(test.held("a"));
    test.ends("a", "");
    CHECK(test.breakers.all_closed(test.clock.steady_now()));
    CHECK(test.breakers.facts(test.clock.wall_now(), test.clock.steady_now()).empty());
}

TEST_CASE("a host that is away holds back the tools that lead to it, and no others") {
    Breakers test;
    for (int count = 0; count < 5; ++count) {
        test.ends("a", "api.example.com");
        test.ends("b", "other.example.com");
        test.ends("b", "");
        test.ends("b", "");
    }
    CHECK(test.held("a"));
    CHECK_FALSE(test.held("b"));
    CHECK_FALSE(test.held("c"));
    const auto held = test.breakers.held_back(test.call_of("a"), test.clock.steady_now());
    REQUIRE(held.has_value());
    CHECK(held->why.code == "GH-D205");
    CHECK(held->why.where == "api.example.com");
    CHECK(held->retry_after > seconds(0));
}

TEST_CASE("after the pause one call tries, and two successes let all through") {
    Breakers test;
    for (int count = 0; count < 5; ++count) {
        test.ends("a", "api.example.com");
    }
    CHECK(test.held("a"));
    test.clock.advance(seconds(5));
    CHECK_FALSE(test.held("a"));
    CHECK(test.held("a")); // the trial is under way
    test.ends("a", "");
    CHECK_FALSE(test.held("a"));
    test.ends("a", "");
    CHECK_FALSE(test.held("a"));
    CHECK_FALSE(test.held("a"));
}

TEST_CASE("each change of a breaker is told once, with the host and the words before and after") {
    Breakers test;
    std::vector<std::string> told;
    const auto tell = [&](const ConnectorBreakers::Change& change) {
        told.push_back(change.host + " " + std::string(to_text(change.from)) + " " +
                       std::string(to_text(change.to)));
    };
    for (int count = 0; count < 5; ++count) {
        test.ends("a", "api.example.com");
    }
    test.breakers.tell_changes(test.clock.steady_now(), tell);
    test.breakers.tell_changes(test.clock.steady_now(), tell);
    test.clock.advance(seconds(6));
    test.breakers.tell_changes(test.clock.steady_now(), tell);
    CHECK(told == std::vector<std::string>{"api.example.com closed open",
                                           "api.example.com open half_open"});
}

TEST_CASE("calls that never reached an instance open nothing, and end a trial without a verdict") {
    Breakers test;
    for (int count = 0; count < 10; ++count) {
        test.is_refused("a");
    }
    CHECK_FALSE(test.held("a"));
    CHECK(test.breakers.facts(test.clock.wall_now(), test.clock.steady_now()).empty());
    for (int count = 0; count < 5; ++count) {
        test.ends("a", "api.example.com");
    }
    test.clock.advance(seconds(5));
    CHECK_FALSE(test.held("a")); // the trial
    test.is_refused("a");
    CHECK_FALSE(test.held("a")); // another one
}

TEST_CASE("the hosts that are kept are bounded") {
    Breakers test;
    for (int host = 0; host < 1'000; ++host) {
        test.ends("tool " + std::to_string(host), "host" + std::to_string(host));
    }
    CHECK(test.breakers.facts(test.clock.wall_now(), test.clock.steady_now()).size() <=
          ConnectorBreakers::hosts_max_count + 1);
}
