// Subscriptions and log levels: what a connector is told beside calls.
#include "tests/unit/session/session_stage.hpp"

#include "runtime/session/json_scan.hpp"
#include "runtime/session/listening.hpp"
#include "runtime/watched_task.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace session_test;

namespace {

// Answers the handshake of either era; gives other lines to `other`.
Stage::Script after_handshake(std::string introduction,
                              std::function<void(FakeConnector&, const std::string&)> other) {
    return [introduction = std::move(introduction),
            other = std::move(other)](FakeConnector& connector) {
        while (const auto line = connector.read_line()) {
            const auto method = find_member(*line, "method").value_or("");
            if (method == "\"server/discover\"" || method == "\"initialize\"") {
                connector.write_line(result_line(id_in(*line), introduction));
            } else if (method != "\"notifications/initialized\"") {
                other(connector, *line);
            }
        }
    };
}

std::string modern(const std::string& capabilities) {
    return R"({"supportedVersions":["2026-07-28"],"capabilities":)" + capabilities + "}";
}
std::string legacy(const std::string& capabilities) {
    return R"({"protocolVersion":"2025-11-25","capabilities":)" + capabilities + "}";
}

bool is(const std::string& line, const std::string& method) {
    return find_member(line, "method") == "\"" + method + "\"";
}
std::vector<std::string> lines_of(const Stage& stage, const std::string& method) {
    std::vector<std::string> found;
    for (const std::string& line : stage.connector->received) {
        if (is(line, method)) {
            found.push_back(line);
        }
    }
    return found;
}

std::string stream_note(const std::string& id, const std::string& method,
                        const std::string& rest = "") {
    return R"({"jsonrpc":"2.0","method":"notifications/)" + method +
           R"(","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":)" + id + "}" + rest +
           "}}";
}
// Acknowledges a listen request with the filter it asked for.
void acknowledge(FakeConnector& connector, const std::string& line) {
    const std::string filter(find_pointer(line, "/params/notifications").value_or("{}"));
    connector.write_line(
        stream_note(id_in(line), "subscriptions/acknowledged", ",\"notifications\":" + filter));
}

SessionOptions known(Era era) {
    SessionOptions options;
    options.known_era = era;
    return options;
}

Task<void> handshake(Stage& stage) {
    auto shaking = stage.session->handshake(5s);
    const auto catalogue = co_await std::move(shaking);
    CHECK(catalogue);
}

Task<CallReply> watch(Stage& stage, std::string uri) {
    return stage.session->watch_resource(std::move(uri), 5s);
}

Task<void> ping(Stage& stage) {
    auto pinging = stage.session->ping(5s);
    const bool alive = co_await std::move(pinging);
    CHECK(alive);
}

} // namespace

TEST_CASE("a filter names what is announced and watched, and nothing else") {
    Listening listening;
    CHECK_FALSE(listening.wanted());
    Catalogue introduction;
    introduction.capabilities =
        R"({"tools":{"listChanged":true},"prompts":{},"resources":{"listChanged":true}})";
    listening.set_announced(introduction);
    CHECK(listening.params() ==
          R"({"notifications":{"toolsListChanged":true,"resourcesListChanged":true}})");
    CHECK(listening.watch("b\"1"));
    CHECK(listening.watch("a"));
    CHECK(listening.params() ==
          R"({"notifications":{"toolsListChanged":true,"resourcesListChanged":true,)"
          R"("resourceSubscriptions":["a","b\"1"]}})");
    CHECK(filter_names(R"({"resourceSubscriptions":["a"]})", "a"));
    CHECK_FALSE(filter_names(R"({"resourceSubscriptions":["a"]})", "b"));
    CHECK_FALSE(filter_names("{}", "a"));
    CHECK(listening.watch(watched_task("a")));
    CHECK(listening.params() ==
          R"({"notifications":{"toolsListChanged":true,"resourcesListChanged":true,)"
          R"("resourceSubscriptions":["a","b\"1"],"taskIds":["a"]}})");
    CHECK(filter_names(R"({"taskIds":["a"]})", watched_task("a")));
    CHECK_FALSE(filter_names(R"({"resourceSubscriptions":["a"]})", watched_task("a")));
    listening.unwatch(watched_task("a"));
    listening.unwatch("b\"1");
    listening.unwatch("a");
    listening.set_announced(Catalogue());
    CHECK_FALSE(listening.wanted());
}

TEST_CASE("no more resources are watched than the bound allows") {
    Listening listening;
    for (int i = 0; i < 1024; ++i) {
        CHECK(listening.watch("uri:" + std::to_string(i)));
    }
    CHECK_FALSE(listening.watch("one more"));
    CHECK(listening.watch("uri:7"));
    Listening large;
    CHECK_FALSE(large.watch(std::string(watched_max_bytes + 1, 'x')));
}

TEST_CASE("an acknowledged stream replaces the older ones") {
    Listening listening;
    listening.opened(1, SteadyTime());
    listening.opened(2, SteadyTime());
    listening.opened(3, SteadyTime());
    CHECK(listening.acknowledged(2) == std::vector<std::uint64_t>{1});
    CHECK(listening.acknowledged(1).empty());
    CHECK(listening.knows(3));
    CHECK_FALSE(listening.closed(1));
    CHECK(listening.closed(2));
    CHECK(listening.close_all() == std::vector<std::uint64_t>{3});
}

TEST_CASE("a modern connector is listened to from the start, for what it announces") {
    Stage stage;
    const auto script = after_handshake(
        modern(R"({"tools":{"listChanged":true},"prompts":{"listChanged":false}})"),
        [](FakeConnector& connector, const std::string& line) {
            if (is(line, "subscriptions/listen")) {
                acknowledge(connector, line);
                connector.write_line(stream_note(id_in(line), "tools/list_changed"));
                connector.write_line(stream_note("99", "tools/list_changed"));
            } else if (find_member(line, "id")) {
                connector.write_line(result_line(id_in(line), R"({"tools":[],"prompts":[]})"));
            }
        });
    REQUIRE(stage.play(script, [](Stage& s) -> Task<void> {
        auto shaking = handshake(s);
        co_await std::move(shaking);
    }));
    const auto listens = lines_of(stage, "subscriptions/listen");
    REQUIRE(listens.size() == 1);
    CHECK(find_pointer(listens[0], "/params/notifications") == R"({"toolsListChanged":true})");
    CHECK(find_pointer(listens[0], "/params/_meta/io.modelcontextprotocol~1protocolVersion"));
    CHECK(stage.list_changes == 1); // not the one of a stream nobody opened
}

TEST_CASE("watched resources are listened for without a gap, and the old stream is cancelled") {
    Stage stage;
    const auto script =
        after_handshake(modern(R"({"tools":{"listChanged":true}})"),
                        [](FakeConnector& connector, const std::string& line) {
                            if (is(line, "subscriptions/listen")) {
                                acknowledge(connector, line);
                            } else if (find_member(line, "id")) {
                                connector.write_line(result_line(id_in(line), R"({"tools":[]})"));
                            }
                        });
    REQUIRE(stage.play(script, [](Stage& s) -> Task<void> {
        auto shaking = handshake(s);
        co_await std::move(shaking);
        auto first = watch(s, "r:1");
        const CallReply one = co_await std::move(first);
        CHECK(one.end == CallEnd::result);
        CHECK(one.body() == "{}");
        auto second = watch(s, "r:2");
        const CallReply two = co_await std::move(second);
        CHECK(two.end == CallEnd::result);
        s.session->unwatch_resource("r:1");
        auto pinging = ping(s);
        co_await std::move(pinging);
    }));
    const auto listens = lines_of(stage, "subscriptions/listen");
    REQUIRE(listens.size() == 4);
    CHECK(find_pointer(listens[2], "/params/notifications/resourceSubscriptions") ==
          R"(["r:1","r:2"])");
    CHECK(find_pointer(listens[3], "/params/notifications/resourceSubscriptions") == R"(["r:2"])");
    const auto cancels = lines_of(stage, "notifications/cancelled");
    REQUIRE(cancels.size() >= 2);
    CHECK(find_pointer(cancels[0], "/params/requestId") == find_member(listens[0], "id"));
    CHECK(find_pointer(cancels[1], "/params/requestId") == find_member(listens[1], "id"));
    CHECK(stage.session->counters().unknown_ids == 0);
}

TEST_CASE("an update is handed on without the session's subscription id") {
    Stage stage;
    const auto script = after_handshake(modern("{}"), [](FakeConnector& connector,
                                                         const std::string& line) {
        if (is(line, "subscriptions/listen")) {
            acknowledge(connector, line);
            connector.write_line(stream_note(id_in(line), "resources/updated", ",\"uri\":\"r:1\""));
        } else if (find_member(line, "id")) {
            connector.write_line(result_line(id_in(line), "{}"));
        }
    });
    REQUIRE(stage.play(
        script,
        [](Stage& s) -> Task<void> {
            auto shaking = handshake(s);
            co_await std::move(shaking);
            auto watching = watch(s, "r:1");
            const CallReply reply = co_await std::move(watching);
            CHECK(reply.end == CallEnd::result);
            auto pinging = ping(s);
            co_await std::move(pinging);
            s.session->unwatch_resource("r:1");
            auto again = ping(s);
            co_await std::move(again);
        },
        known(Era::modern)));
    CHECK(stage.notices ==
          std::vector<std::string>{R"(notifications/resources/updated {"uri":"r:1"})"});
    CHECK(lines_of(stage, "subscriptions/listen").size() == 1);
    CHECK(lines_of(stage, "notifications/cancelled").size() == 1);
}

TEST_CASE("a modern connector that does not promise a resource, or refuses to, is no success") {
    for (const bool refuses : {false, true}) {
        Stage stage;
        const auto script = after_handshake(
            modern("{}"), [refuses](FakeConnector& connector, const std::string& line) {
                if (!is(line, "subscriptions/listen")) {
                    return;
                }
                connector.write_line(
                    refuses ? R"({"jsonrpc":"2.0","id":)" + id_in(line) +
                                  R"(,"error":{"code":-32601,"message":"no"}})"
                            : stream_note(id_in(line), "subscriptions/acknowledged",
                                          R"(,"notifications":{"toolsListChanged":true})"));
            });
        REQUIRE(stage.play(script, [](Stage& s) -> Task<void> {
            auto shaking = handshake(s);
            co_await std::move(shaking);
            auto watching = watch(s, "r:1");
            const CallReply reply = co_await std::move(watching);
            CHECK(reply.end == CallEnd::error);
            CHECK(find_member(reply.body(), "code"));
        }));
    }
}

TEST_CASE("two that watch at once are both answered by the newer stream") {
    Stage stage;
    const auto script =
        after_handshake(modern("{}"), [](FakeConnector& connector, const std::string& line) {
            if (is(line, "subscriptions/listen")) {
                if (find_pointer(line, "/params/notifications/resourceSubscriptions/1")) {
                    acknowledge(connector, line);
                }
            }
        });
    REQUIRE(stage.play(script, [](Stage& s) -> Task<void> {
        auto shaking = handshake(s);
        co_await std::move(shaking);
        static std::vector<CallReply> got;
        got.clear();
        struct Watcher {
            static Task<void> run(Stage& stage_, std::string uri) {
                auto watching = watch(stage_, std::move(uri));
                CallReply reply = co_await std::move(watching);
                got.push_back(std::move(reply));
            }
        };
        s.group.spawn("one", Watcher::run(s, "r:1"));
        s.group.spawn("two", Watcher::run(s, "r:2"));
        auto both = Stage::until(s, [] { return got.size() == 2; });
        co_await std::move(both);
        CHECK(got[0].end == CallEnd::result);
        CHECK(got[1].end == CallEnd::result);
    }));
}

TEST_CASE("a stream that the connector ends at once is not opened in a loop") {
    Stage stage;
    const auto script =
        after_handshake(modern(R"({"tools":{"listChanged":true}})"), [](FakeConnector& connector,
                                                                        const std::string& line) {
            if (is(line, "subscriptions/listen")) {
                connector.write_line(
                    R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":)" +
                    id_in(line) + "}}");
            } else if (find_member(line, "id")) {
                connector.write_line(result_line(id_in(line), R"({"tools":[]})"));
            }
        });
    REQUIRE(stage.play(script, [](Stage& s) -> Task<void> {
        auto shaking = handshake(s);
        co_await std::move(shaking);
        auto pinging = ping(s);
        co_await std::move(pinging);
    }));
    CHECK(lines_of(stage, "subscriptions/listen").size() == 1);
}

TEST_CASE("a legacy connector gets resources/subscribe and resources/unsubscribe") {
    Stage stage;
    const auto script =
        after_handshake(legacy("{}"), [](FakeConnector& connector, const std::string& line) {
            if (find_member(line, "id")) {
                connector.write_line(result_line(id_in(line), "{}"));
            }
        });
    REQUIRE(stage.play(
        script,
        [](Stage& s) -> Task<void> {
            auto shaking = handshake(s);
            co_await std::move(shaking);
            auto watching = watch(s, "a\"b");
            const CallReply reply = co_await std::move(watching);
            CHECK(reply.end == CallEnd::result);
            s.session->unwatch_resource("a\"b");
            s.session->tell_roots_changed();
            auto pinging = ping(s);
            co_await std::move(pinging);
        },
        known(Era::legacy)));
    const auto subscribed = lines_of(stage, "resources/subscribe");
    const auto ended = lines_of(stage, "resources/unsubscribe");
    REQUIRE(subscribed.size() == 1);
    CHECK(find_member(subscribed[0], "params") == R"({"uri":"a\"b"})");
    REQUIRE(ended.size() == 1);
    CHECK(find_member(ended[0], "params") == R"({"uri":"a\"b"})");
    CHECK(lines_of(stage, "notifications/roots/list_changed").size() == 1);
    CHECK(stage.session->counters().unknown_ids == 0);
}

TEST_CASE("roots are not mentioned to a connector that was not offered them, or is modern") {
    for (const Era era : {Era::legacy, Era::modern}) {
        Stage stage;
        SessionOptions options = known(era);
        options.client_capabilities =
            era == Era::legacy ? "{}" : R"({"roots":{"listChanged":true}})";
        const auto script =
            after_handshake(era == Era::legacy ? legacy("{}") : modern("{}"),
                            [](FakeConnector& connector, const std::string& line) {
                                if (find_member(line, "id")) {
                                    connector.write_line(result_line(id_in(line), "{}"));
                                }
                            });
        REQUIRE(stage.play(
            script,
            [](Stage& s) -> Task<void> {
                auto shaking = handshake(s);
                co_await std::move(shaking);
                s.session->tell_roots_changed();
                auto pinging = ping(s);
                co_await std::move(pinging);
            },
            options));
        CHECK(lines_of(stage, "notifications/roots/list_changed").empty());
    }
}

TEST_CASE("a level is set when a call wants more than was asked for, where logging is offered") {
    for (const bool offered : {true, false}) {
        Stage stage;
        const auto script = after_handshake(
            legacy(offered ? R"({"logging":{}})" : "{}"),
            [](FakeConnector& connector, const std::string& line) {
                if (find_member(line, "id")) {
                    connector.write_line(
                        R"({"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1}})");
                    connector.write_line(result_line(id_in(line), "{}"));
                }
            });
        static int logs;
        logs = 0;
        REQUIRE(stage.play(
            script,
            [](Stage& s) -> Task<void> {
                auto shaking = handshake(s);
                co_await std::move(shaking);
                for (const char* level : {"", "error", "info", "warning", "nonsense", "info"}) {
                    auto call = new_call();
                    call->log_level = level;
                    call->on_log = [](std::string_view) { ++logs; };
                    auto calling = s.session->call(call);
                    const CallReply reply = co_await std::move(calling);
                    CHECK(reply.end == CallEnd::result);
                }
            },
            known(Era::legacy)));
        const auto set = lines_of(stage, "logging/setLevel");
        REQUIRE(set.size() == (offered ? 2 : 0));
        if (offered) {
            CHECK(find_member(set[0], "params") == R"({"level":"error"})");
            CHECK(find_member(set[1], "params") == R"({"level":"info"})");
        }
        // Of the six calls those that wanted warnings or errors are not shown an info; a level that
        // is set brings a log of its own into the call.
        CHECK(logs == (offered ? 5 : 4));
        CHECK(stage.session->counters().unknown_ids == 0);
    }
}
