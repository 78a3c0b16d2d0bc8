// The handshake: which era a connector is of, and its lists in both.
#include "tests/unit/session/session_stage.hpp"

#include "runtime/session/json_scan.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace session_test;

namespace {

constexpr const char* discovered =
    R"({"supportedVersions":["2026-07-28"],"resultType":"complete","ttlMs":0,"cacheScope":"public",)"
    R"("capabilities":{"tools":{},"prompts":{},"resources":{}},)"
    R"("_meta":{"io.modelcontextprotocol/serverInfo":{"name":"m","version":"1"}}})";
constexpr const char* initialized =
    R"({"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"l"}})";

bool asks(const std::string& line, const std::string& method) {
    return line.find("\"" + method + "\"") != std::string::npos;
}
std::string error_line(const std::string& id, int code, const std::string& rest = "") {
    return R"({"jsonrpc":"2.0","id":)" + id + R"(,"error":{"code":)" + std::to_string(code) +
           R"(,"message":"no")" + rest + "}}";
}

// Answers each request with what `answer` gives for its line, nothing for an empty answer.
Stage::Script answering(std::function<std::string(const std::string& line)> answer) {
    return [answer = std::move(answer)](FakeConnector& connector) {
        while (const auto line = connector.read_line()) {
            const std::string text = answer(*line);
            if (!text.empty()) {
                connector.write_line(text);
            }
        }
    };
}

std::string legacy_answer(const std::string& line) {
    if (asks(line, "initialize")) {
        return result_line(id_in(line), initialized);
    }
    if (asks(line, "tools/list")) {
        return result_line(id_in(line), R"({"tools":[{"name":"old"}]})");
    }
    return "";
}

// A list of one item, named as its method.
std::string list_answer(const std::string& line) {
    const std::string id = id_in(line);
    if (asks(line, "tools/list")) {
        return result_line(id, R"({"tools":[{"name":"t"}]})");
    }
    if (asks(line, "prompts/list")) {
        return result_line(id, R"({"prompts":[{"name":"p"}]})");
    }
    if (asks(line, "resources/list")) {
        return result_line(
            id, R"({"resources":[{"uri":"r:1","name":"same"},{"uri":"r:2","name":"same"}]})");
    }
    return result_line(id, R"({"resourceTemplates":[{"uriTemplate":"r:{x}","name":"same"}]})");
}

std::optional<Result<Catalogue>> outcome;

Task<void> handshake(Stage& stage) {
    auto shaking = stage.session->handshake(5s);
    auto catalogue = co_await std::move(shaking);
    outcome.emplace(std::move(catalogue));
}

Task<void> short_handshake(Stage& stage) {
    auto shaking = stage.session->handshake(600ms);
    auto catalogue = co_await std::move(shaking);
    outcome.emplace(std::move(catalogue));
}

SessionOptions known(Era era) {
    SessionOptions options;
    options.known_era = era;
    return options;
}

std::size_t count_asked(const Stage& stage, const std::string& method) {
    return static_cast<std::size_t>(
        std::count_if(stage.connector->received.begin(), stage.connector->received.end(),
                      [&](const std::string& line) { return asks(line, method); }));
}

} // namespace

TEST_CASE("a connector that answers server/discover is modern, and all its lists are read") {
    const auto script = answering([](const std::string& line) {
        return asks(line, "server/discover") ? result_line(id_in(line), discovered)
                                             : list_answer(line);
    });
    for (const bool told : {false, true}) {
        Stage stage;
        REQUIRE(stage.play(script, handshake, told ? known(Era::modern) : SessionOptions()));
        REQUIRE(outcome->has_value());
        const Catalogue& catalogue = outcome->value();
        CHECK(catalogue.era == Era::modern);
        CHECK(catalogue.protocol_version == "2026-07-28");
        CHECK(catalogue.server_info == R"({"name":"m","version":"1"})");
        CHECK(catalogue.tools.at(0).name == "t");
        CHECK(catalogue.prompts.at(0).name == "p");
        REQUIRE(catalogue.resources.size() == 2);
        CHECK(catalogue.resources[1].name == "r:2");
        CHECK(catalogue.resource_templates.at(0).name == "r:{x}");
        CHECK(count_asked(stage, "initialize") == 0);
        for (const std::string& line : stage.connector->received) {
            CHECK(find_pointer(line, "/params/_meta/io.modelcontextprotocol~1protocolVersion") ==
                  "\"2026-07-28\"");
        }
    }
}

TEST_CASE("a connector that gives any other answer to the probe gets initialize") {
    for (const std::string& answer :
         {error_line("ID", -32601), error_line("ID", -32602), error_line("ID", 0),
          error_line("ID", -32022, R"(,"data":{"supported":["2025-11-25"]})"),
          result_line("ID", "{}"), result_line("ID", "null"),
          result_line("ID", R"({"supportedVersions":["2025-11-25"]})"),
          R"({"jsonrpc":"2.0","id":ID,"error":{"code":"x"}})" + std::string()}) {
        Stage stage;
        REQUIRE(stage.play(answering([answer](const std::string& line) {
                               if (!asks(line, "server/discover")) {
                                   return legacy_answer(line);
                               }
                               std::string text = answer;
                               return text.replace(text.find("ID"), 2, id_in(line));
                           }),
                           handshake));
        REQUIRE(outcome->has_value());
        CHECK(outcome->value().era == Era::legacy);
        CHECK(outcome->value().tools.at(0).name == "old");
        const auto& lines = stage.connector->received;
        REQUIRE(lines.size() == 4);
        // Nothing of the modern era is left in what a legacy connector gets.
        CHECK(lines[1].find("io.modelcontextprotocol") == std::string::npos);
        CHECK(find_pointer(lines[1], "/params/capabilities/elicitation/form") == "{}");
        CHECK(find_pointer(lines[2], "/method") == "\"notifications/initialized\"");
    }
}

TEST_CASE("an error that only modern connectors give means the modern era") {
    Stage stage;
    REQUIRE(stage.play(answering([](const std::string& line) {
                           return asks(line, "server/discover") ? error_line(id_in(line), -32021)
                                                                : list_answer(line);
                       }),
                       handshake));
    REQUIRE(outcome->has_value());
    CHECK(outcome->value().era == Era::modern);
    CHECK(outcome->value().prompts.size() == 1);
}

TEST_CASE(
    "a connector that is silent to the probe gets initialize, and its late answer is dropped") {
    Stage stage;
    REQUIRE(stage.play(
        [](FakeConnector& connector) {
            const std::string probe = id_in(*connector.read_line());
            const auto initialize = connector.read_line();
            connector.write_line(result_line(probe, discovered));
            connector.write_line(legacy_answer(*initialize));
            while (const auto line = connector.read_line()) {
                const std::string text = legacy_answer(*line);
                connector.write_line(text.empty() ? "noise" : text);
            }
        },
        short_handshake));
    REQUIRE(outcome->has_value());
    CHECK(outcome->value().era == Era::legacy);
    CHECK(stage.session->counters().unknown_ids == 1);
    // A connector that waits for initialize must not see a cancellation before it.
    CHECK(count_asked(stage, "notifications/cancelled") == 0);
}

TEST_CASE("a modern connector that was too slow for the probe is asked once more") {
    Stage stage;
    REQUIRE(stage.play(
        [](FakeConnector& connector) {
            connector.read_line(); // the probe; it was still starting
            while (const auto line = connector.read_line()) {
                if (asks(*line, "initialize")) {
                    connector.write_line(error_line(id_in(*line), -32022));
                } else if (asks(*line, "server/discover")) {
                    connector.write_line(result_line(id_in(*line), discovered));
                } else {
                    connector.write_line(list_answer(*line));
                }
            }
        },
        short_handshake));
    REQUIRE(outcome->has_value());
    CHECK(outcome->value().era == Era::modern);
}

TEST_CASE(
    "a connector that ends on the probe is reported with GH-P312, also when it does so late") {
    for (const bool late : {false, true}) {
        Stage stage;
        REQUIRE(stage.play(
            [late](FakeConnector& connector) {
                connector.read_line();
                if (late) {
                    connector.read_line(); // initialize
                }
            },
            short_handshake));
        REQUIRE_FALSE(outcome->has_value());
        CHECK(outcome->error().code == "GH-P312");
    }
}

TEST_CASE("a connector known to be legacy is not probed, and its end is its own") {
    Stage stage;
    REQUIRE(stage.play(answering(legacy_answer), handshake, known(Era::legacy)));
    REQUIRE(outcome->has_value());
    CHECK(count_asked(stage, "server/discover") == 0);
    Stage ending;
    REQUIRE(ending.play([](FakeConnector& connector) { connector.read_line(); }, handshake,
                        known(Era::legacy)));
    REQUIRE_FALSE(outcome->has_value());
    CHECK(outcome->error().code == "GH-P301");
}

TEST_CASE("a session that is stopped during the probe is not taken for an ended connector") {
    Stage stage;
    REQUIRE(stage.play([](FakeConnector& connector) { connector.read_to_end(); },
                       [](Stage& s) -> Task<void> {
                           s.group.spawn("handshake", handshake(s));
                           auto pinging = s.session->ping(20ms);
                           co_await std::move(pinging);
                       }));
    REQUIRE_FALSE(outcome->has_value());
    CHECK(outcome->error().code == "GH-P301");
}

TEST_CASE("lists that are refused leave the connector usable, except tools") {
    const auto refusing = [](std::string refused) {
        return answering([refused](const std::string& line) {
            if (asks(line, "server/discover")) {
                return result_line(id_in(line), discovered);
            }
            return asks(line, refused) ? error_line(id_in(line), -32603) : list_answer(line);
        });
    };
    for (const char* list : {"prompts/list", "resources/list", "resources/templates/list"}) {
        Stage stage;
        REQUIRE(stage.play(refusing(list), handshake));
        REQUIRE(outcome->has_value());
        CHECK(outcome->value().tools.size() == 1);
    }
    Stage stage;
    REQUIRE(stage.play(refusing("tools/list"), handshake));
    REQUIRE_FALSE(outcome->has_value());
    CHECK(outcome->error().code == "GH-M403");
}

TEST_CASE("one list is read again, the others stay, and a list nobody offers is not asked for") {
    Stage stage;
    int prompts_asked = 0;
    const auto script = answering([&prompts_asked](const std::string& line) {
        if (asks(line, "server/discover")) {
            return result_line(id_in(line), R"({"supportedVersions":["2026-07-28"],)"
                                            R"("capabilities":{"tools":{},"prompts":{}}})");
        }
        if (asks(line, "prompts/list") && prompts_asked++ > 0) {
            return result_line(id_in(line), R"({"prompts":[{"name":"new"}]})");
        }
        return list_answer(line);
    });
    REQUIRE(stage.play(script, [](Stage& s) -> Task<void> {
        auto shaking = handshake(s);
        co_await std::move(shaking);
        auto reading = s.session->refresh_list(ListKind::prompts, 5s);
        const auto again = co_await std::move(reading);
        REQUIRE(again);
        CHECK(again->prompts.at(0).name == "new");
        CHECK(again->tools.at(0).name == "t");
        auto none = s.session->refresh_list(ListKind::resources, 5s);
        const auto unchanged = co_await std::move(none);
        REQUIRE(unchanged);
        CHECK(unchanged->resources.empty());
    }));
    CHECK(count_asked(stage, "tools/list") == 1);
    CHECK(count_asked(stage, "resources/list") == 0);
}

TEST_CASE("a modern connector is pinged with server/discover") {
    Stage stage;
    REQUIRE(stage.play(answering([](const std::string& line) {
                           return asks(line, "server/discover")
                                      ? result_line(id_in(line), discovered)
                                      : list_answer(line);
                       }),
                       [](Stage& s) -> Task<void> {
                           auto shaking = handshake(s);
                           co_await std::move(shaking);
                           auto pinging = s.session->ping(5s);
                           const bool alive = co_await std::move(pinging);
                           CHECK(alive);
                       }));
    CHECK(count_asked(stage, "ping") == 0);
    CHECK(count_asked(stage, "server/discover") == 2);
}

TEST_CASE("a call to a modern connector carries its caller's name, capabilities and level") {
    Stage stage;
    const auto script = answering([](const std::string& line) {
        return asks(line, "server/discover") ? result_line(id_in(line), discovered)
                                             : list_answer(line);
    });
    REQUIRE(stage.play(script, [](Stage& s) -> Task<void> {
        auto shaking = handshake(s);
        co_await std::move(shaking);
        auto caller = std::make_shared<Caller>();
        caller->capabilities = "{\"elicitation\":\n{}}";
        caller->client_info = R"({"name":"c","version":"1"})";
        auto call = new_call(R"({"name":"x","_meta":{"trace":1}})");
        call->caller = caller;
        call->log_level = "warning";
        call->on_progress = [](std::string_view) {};
        auto calling = s.session->call(call);
        const CallReply reply = co_await std::move(calling);
        CHECK(reply.era == Era::modern);
        CHECK(reply.end == CallEnd::result);
    }));
    const std::string& line = stage.connector->received.back();
    REQUIRE(validate_json(line));
    CHECK(find_pointer(line, "/params/_meta/io.modelcontextprotocol~1clientInfo/name") == "\"c\"");
    CHECK(find_pointer(line, "/params/_meta/io.modelcontextprotocol~1clientCapabilities/"
                             "elicitation") == "{}");
    CHECK(find_pointer(line, "/params/_meta/io.modelcontextprotocol~1logLevel") == "\"warning\"");
    CHECK(find_pointer(line, "/params/_meta/progressToken") == find_pointer(line, "/id"));
    CHECK(find_pointer(line, "/params/_meta/trace") == "1");
    CHECK(find_pointer(line, "/params/name") == "\"x\"");
}
