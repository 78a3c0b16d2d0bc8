#include "tests/unit/session/session_stage.hpp"

#include "runtime/session/json_scan.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace session_test;

namespace {

// Answers every request with {"echo":<line>} until stdin ends.
void echo_script(FakeConnector& connector) {
    while (const auto line = connector.read_line()) {
        if (line->find("\"id\":") != std::string::npos) {
            connector.write_line(result_line(id_in(*line), "{\"echo\":" + *line + "}"));
        }
    }
}

std::string initialize_result(const std::string& version) {
    return R"({"protocolVersion":")" + version +
           R"(","capabilities":{"tools":{"listChanged":true}},"serverInfo":{"name":"fake","version":"1"},)"
           R"("instructions":"use \"it\""})";
}

// A connector that answers initialize, then each tools/list with the next of `pages`.
Stage::Script listing_script(std::string version, std::vector<std::string> pages) {
    return [version = std::move(version), pages = std::move(pages)](FakeConnector& connector) {
        std::size_t page = 0;
        while (const auto line = connector.read_line()) {
            if (line->find("\"initialize\"") != std::string::npos) {
                connector.write_line(result_line(id_in(*line), initialize_result(version)));
            } else if (line->find("\"tools/list\"") != std::string::npos) {
                connector.write_line(result_line(id_in(*line), pages[page]));
                page = std::min(page + 1, pages.size() - 1);
            }
        }
    };
}

// One that is known to be legacy, so that it is not probed.
SessionOptions legacy_options() {
    SessionOptions options;
    options.known_era = Era::legacy;
    return options;
}

std::optional<Result<Catalogue>> shaken;

Task<void> shake_hands(Stage& stage) {
    auto shaking = stage.session->handshake(5s);
    auto catalogue = co_await std::move(shaking);
    shaken.emplace(std::move(catalogue));
}

} // namespace

TEST_CASE("a call gets its answer byte for byte") {
    Stage stage;
    REQUIRE(stage.play(echo_script, [](Stage& s) -> Task<void> {
        auto calling = s.session->call(new_call(R"({"name":"x","arguments":{ "a" : 1.0 }})"));
        const CallReply reply = co_await std::move(calling);
        CHECK(reply.end == CallEnd::result);
        CHECK(reply.body() == R"({"echo":{"jsonrpc":"2.0","id":1,"method":"tools/call",)"
                              R"("params":{"name":"x","arguments":{ "a" : 1.0 }}}})");
        CHECK(s.session->counters().calls == 1);
        CHECK(s.session->counters().in_flight == 0);
    }));
    CHECK(stage.end_reason->code == "GH-P301");
}

TEST_CASE("an error of the connector is passed on as it is") {
    Stage stage;
    const auto script = [](FakeConnector& connector) {
        const auto line = connector.read_line();
        connector.write_line(R"({"jsonrpc":"2.0","id":)" + id_in(*line) +
                             R"(,"error":{"code":-5,"message":"no","data":[1]}})");
        connector.read_to_end();
    };
    REQUIRE(stage.play(script, [](Stage& s) -> Task<void> {
        auto calling = s.session->call(new_call());
        const CallReply reply = co_await std::move(calling);
        CHECK(reply.end == CallEnd::error);
        CHECK(reply.body() == R"({"code":-5,"message":"no","data":[1]})");
    }));
}

TEST_CASE("a result of 1 MB and one of 15 MB are byte-identical") {
    for (const std::size_t size : {1UL << 20, 15UL << 20}) {
        static std::string expected;
        expected.assign("{\"text\":\"");
        for (std::size_t i = 0; i < size; ++i) {
            expected.push_back(static_cast<char>('a' + i % 23));
        }
        expected += "\"}";
        Stage stage;
        const auto script = [](FakeConnector& connector) {
            while (const auto line = connector.read_line()) {
                connector.write_line(result_line(id_in(*line), expected));
            }
        };
        REQUIRE(stage.play(script, [](Stage& s) -> Task<void> {
            for (int i = 0; i < 3; ++i) {
                auto calling = s.session->call(new_call());
                const CallReply reply = co_await std::move(calling);
                CHECK(reply.end == CallEnd::result);
                CHECK((reply.body() == expected));
            }
        }));
    }
}

TEST_CASE("large params reach the connector whole") {
    Stage stage;
    REQUIRE(stage.play(echo_script, [](Stage& s) -> Task<void> {
        const std::string params = "{\"text\":\"" + std::string(3 << 20, 'p') + "\"}";
        auto calling = s.session->call(new_call(params));
        const CallReply reply = co_await std::move(calling);
        CHECK(reply.end == CallEnd::result);
        CHECK((find_pointer(reply.body(), "/echo/params") == params));
    }));
}

TEST_CASE("answers out of order reach their own callers") {
    Stage stage;
    const auto script = [](FakeConnector& connector) {
        std::vector<std::string> lines;
        for (int i = 0; i < 5; ++i) {
            lines.push_back(*connector.read_line());
        }
        std::reverse(lines.begin(), lines.end());
        for (const auto& line : lines) {
            connector.write_line(result_line(id_in(line), "{\"for\":" + line + "}"));
        }
        connector.read_to_end();
    };
    REQUIRE(stage.play(script, [](Stage& s) -> Task<void> {
        for (int i = 0; i < 5; ++i) {
            s.spawn_call(new_call("{\"n\":" + std::to_string(i) + "}"));
        }
        auto waiting = Stage::until(s, [&s] { return s.replies.size() == 5; });
        co_await std::move(waiting);
    }));
    for (std::size_t i = 0; i < 5; ++i) {
        CHECK(find_pointer(stage.replies[i].body(), "/for/params/n") == std::to_string(4 - i));
    }
}

TEST_CASE("no more than `concurrency` calls are with the connector at a time") {
    SessionOptions options;
    options.concurrency = 2;
    Stage stage;
    REQUIRE(stage.play(
        echo_script,
        [](Stage& s) -> Task<void> {
            for (int i = 0; i < 20; ++i) {
                s.spawn_call(new_call());
            }
            auto waiting = Stage::until(s, [&s] {
                CHECK(s.session->counters().in_flight <= 2);
                return s.replies.size() == 20;
            });
            co_await std::move(waiting);
            CHECK(s.session->counters().queued == 0);
        },
        options));
    CHECK(std::all_of(stage.replies.begin(), stage.replies.end(),
                      [](const CallReply& reply) { return reply.end == CallEnd::result; }));
}

TEST_CASE("progress reaches the call whose token it names, and no other") {
    Stage stage;
    const auto script = [](FakeConnector& connector) {
        const std::string first = id_in(*connector.read_line());
        const std::string second = id_in(*connector.read_line());
        const auto progress = [&](const std::string& token) {
            connector.write_line(R"({"jsonrpc":"2.0","method":"notifications/progress","params":)"
                                 R"({"progress":1,"progressToken":)" +
                                 token + "}}");
        };
        progress(second);
        progress("99");
        progress("\"1\"");
        progress(second);
        connector.write_line(result_line(second, "{}"));
        connector.write_line(result_line(first, "{}"));
        progress(second);
        connector.read_to_end();
    };
    static std::vector<std::string> first_seen;
    static std::vector<std::string> second_seen;
    first_seen.clear();
    second_seen.clear();
    REQUIRE(stage.play(script, [](Stage& s) -> Task<void> {
        auto first = new_call();
        auto second = new_call(R"({"_meta":{"x":1}})");
        first->on_progress = [](std::string_view params) { first_seen.emplace_back(params); };
        second->on_progress = [](std::string_view params) { second_seen.emplace_back(params); };
        s.spawn_call(first);
        s.spawn_call(second);
        auto waiting = Stage::until(s, [&s] { return s.replies.size() == 2; });
        co_await std::move(waiting);
    }));
    CHECK(first_seen.empty());
    CHECK(second_seen.size() == 2);
    CHECK(find_pointer(stage.connector->received[1], "/params/_meta/progressToken") == "2");
    CHECK(find_pointer(stage.connector->received[1], "/params/_meta/x") == "1");
}

TEST_CASE("the handshake reads what the connector says of itself and all pages of its tools") {
    for (const std::string version : {"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"}) {
        Stage stage;
        const std::string tool = R"({"name":"a", "inputSchema":{ "type":"object" }})";
        REQUIRE(stage.play(
            listing_script(version,
                           {"{\"tools\":[" + tool + R"(,{"name":"b"}],"nextCursor":"c\"1"})",
                            R"({"tools":[{"name":"a","x":2},{"name":"c"}],"nextCursor":null})"}),
            shake_hands, legacy_options()));
        REQUIRE(shaken->has_value());
        const Catalogue& catalogue = shaken->value();
        CHECK(catalogue.protocol_version == version);
        CHECK(catalogue.server_info == R"({"name":"fake","version":"1"})");
        CHECK(catalogue.instructions == "use \"it\"");
        REQUIRE(catalogue.tools.size() == 3); // the second "a" is left out
        CHECK(catalogue.tools[0].definition == tool);
        CHECK(catalogue.tools[2].name == "c");
        const auto& lines = stage.connector->received;
        REQUIRE(lines.size() == 4);
        CHECK(find_pointer(lines[0], "/params/protocolVersion") == "\"2025-11-25\"");
        CHECK(find_pointer(lines[0], "/params/clientInfo/name") == "\"gatehouse\"");
        CHECK(lines[1] == R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
        CHECK(find_pointer(lines[3], "/params/cursor") == R"("c\"1")");
    }
}

TEST_CASE("10,000 tools are read, one more is refused") {
    for (const int extra : {0, 1}) {
        std::string page = "{\"tools\":[";
        for (int i = 0; i < 10'000 + extra; ++i) {
            page += (i == 0 ? "" : ",") + ("{\"name\":\"tool" + std::to_string(i) + "\"}");
        }
        Stage stage;
        REQUIRE(
            stage.play(listing_script("2025-11-25", {page + "]}"}), shake_hands, legacy_options()));
        CHECK(shaken->has_value() == (extra == 0));
    }
}

TEST_CASE("a version nobody knows ends the handshake with GH-M404") {
    Stage stage;
    REQUIRE(stage.play(listing_script("1999-01-01", {"{}"}), shake_hands, legacy_options()));
    REQUIRE_FALSE(shaken->has_value());
    CHECK(shaken->error().code == "GH-M404");
}

TEST_CASE("malformed tool lists and endless cursors end the handshake with GH-M403") {
    for (const char* page : {"{}", R"({"tools":{}})", R"({"tools":[{"title":"x"}]})",
                             R"({"tools":[1]})", R"({"tools":[],"nextCursor":"same"})"}) {
        Stage stage;
        REQUIRE(stage.play(listing_script("2025-11-25", {page}), shake_hands, legacy_options()));
        REQUIRE_FALSE(shaken->has_value());
        CHECK(shaken->error().code == "GH-M403");
    }
}

TEST_CASE("a connector that never answers initialize ends the handshake with GH-P306") {
    Stage stage;
    REQUIRE(stage.play([](FakeConnector& connector) { connector.read_to_end(); },
                       [](Stage& s) -> Task<void> {
                           auto shaking = s.session->handshake(30ms);
                           const auto catalogue = co_await std::move(shaking);
                           REQUIRE_FALSE(catalogue);
                           CHECK(catalogue.error().code == "GH-P306");
                       },
                       legacy_options()));
}

TEST_CASE("list_changed before the answer to initialize is seen, and disturbs nothing") {
    Stage stage;
    const auto rest = listing_script("2025-06-18", {R"({"tools":[]})"});
    const auto script = [rest](FakeConnector& connector) {
        connector.write_line(R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})");
        connector.write_line(
            R"({"jsonrpc":"2.0","method":"notifications/message","params":{"data":"hi"}})");
        rest(connector);
    };
    REQUIRE(stage.play(script, shake_hands, legacy_options()));
    CHECK(shaken->has_value());
    CHECK(stage.list_changes == 1);
    CHECK(stage.logs == std::vector<std::string>{R"({"data":"hi"})"});
}

TEST_CASE("the connector's ping is answered, its other requests are refused") {
    Stage stage;
    const auto script = [](FakeConnector& connector) {
        const auto call = connector.read_line();
        connector.write_line(R"({"jsonrpc":"2.0","id":1,"method":"ping"})");
        connector.write_line(R"({"jsonrpc":"2.0","id":"r","method":"roots/list"})");
        connector.read_line();
        connector.read_line();
        connector.write_line(result_line(id_in(*call), "{}"));
        connector.read_to_end();
    };
    REQUIRE(stage.play(script, [](Stage& s) -> Task<void> {
        auto calling = s.session->call(new_call());
        const CallReply reply = co_await std::move(calling);
        CHECK(reply.end == CallEnd::result);
    }));
    CHECK(stage.connector->received[1] == R"({"jsonrpc":"2.0","id":1,"result":{}})");
    CHECK(find_pointer(stage.connector->received[2], "/error/code") == "-32601");
    CHECK(find_pointer(stage.connector->received[2], "/id") == "\"r\"");
}

TEST_CASE("ping is true for an answer and false for silence, also when all slots are taken") {
    SessionOptions options;
    options.concurrency = 1;
    Stage stage;
    const auto script = [](FakeConnector& connector) {
        connector.read_line(); // the call that takes the slot
        const auto ping = connector.read_line();
        connector.write_line(result_line(id_in(*ping), "{}"));
        connector.read_to_end();
    };
    REQUIRE(stage.play(
        script,
        [](Stage& s) -> Task<void> {
            s.spawn_call(new_call());
            auto first = s.session->ping(5s);
            const bool alive = co_await std::move(first);
            CHECK(alive);
            auto second = s.session->ping(20ms);
            const bool still_alive = co_await std::move(second);
            CHECK_FALSE(still_alive);
        },
        options));
}
