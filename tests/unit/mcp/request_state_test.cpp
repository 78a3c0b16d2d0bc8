#include "gateway/mcp/request_state.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace gatehouse;
using namespace gatehouse::gateway;

namespace {

StateBinding binding_for_test() {
    return {"agent:ci", "demo", "echo", "tools/call", "digest"};
}

} // namespace

TEST_CASE("a state opens on the request it was made for, and holds what was sealed") {
    ManualClock clock;
    const RequestStates states(clock);
    const std::string sealed = states.seal(binding_for_test(), StateKind::connector, "\"abc\"");
    const auto opened = states.open(binding_for_test(), sealed);
    REQUIRE(opened.has_value());
    CHECK(opened->kind == StateKind::connector);
    CHECK(opened->text == "\"abc\"");
    CHECK(sealed.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                   "-_") == std::string::npos);
}

TEST_CASE("a state says nothing of what it holds, and two of one text differ") {
    ManualClock clock;
    const RequestStates states(clock);
    const auto seal = [&] { return states.seal(binding_for_test(), StateKind::parked, "17"); };
    CHECK(seal() != seal());
}

TEST_CASE("a state changed in any one character does not open, nor one cut or lengthened") {
    ManualClock clock;
    const RequestStates states(clock);
    const std::string sealed = states.seal(binding_for_test(), StateKind::parked, "17");
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        for (const char other : {'A', 'B', '-', '.'}) {
            std::string changed = sealed;
            if (changed[i] == other) {
                continue;
            }
            changed[i] = other;
            CHECK_FALSE(states.open(binding_for_test(), changed).has_value());
        }
        CHECK_FALSE(states.open(binding_for_test(), sealed.substr(0, i)).has_value());
    }
    for (const std::string tail : {"-TAMPERED", "=", "==", "A", " ", "\n"}) {
        CHECK_FALSE(states.open(binding_for_test(), sealed + tail).has_value());
        CHECK_FALSE(states.open(binding_for_test(), tail + sealed).has_value());
    }
    CHECK_FALSE(states.open(binding_for_test(), std::string(1 << 20, 'A')).has_value());
}

TEST_CASE("a state opens for no other principal, virtual server, connector, method or params") {
    ManualClock clock;
    const RequestStates states(clock);
    const std::string sealed = states.seal(binding_for_test(), StateKind::parked, "17");
    std::string_view StateBinding::* const parts[] = {
        &StateBinding::principal, &StateBinding::virtual_server, &StateBinding::connector,
        &StateBinding::method, &StateBinding::params_digest};
    for (const auto part : parts) {
        StateBinding other = binding_for_test();
        other.*part = "other";
        CHECK_FALSE(states.open(other, sealed).has_value());
        other.*part = "";
        CHECK_FALSE(states.open(other, sealed).has_value());
    }
    // Where one part ends and the next begins is bound as well.
    const std::string joined = states.seal({"ab", "c", "d", "e", "f"}, StateKind::parked, "1");
    CHECK_FALSE(states.open({"a", "bc", "d", "e", "f"}, joined).has_value());
}

TEST_CASE("a state expires, and is worth nothing to another run of the daemon") {
    ManualClock clock;
    const RequestStates states(clock, std::chrono::minutes(15));
    const std::string sealed = states.seal(binding_for_test(), StateKind::parked, "17");
    clock.advance(std::chrono::minutes(15) - std::chrono::milliseconds(1));
    CHECK(states.open(binding_for_test(), sealed).has_value());
    const RequestStates other_run(clock, std::chrono::minutes(15));
    CHECK_FALSE(other_run.open(binding_for_test(), sealed).has_value());
    clock.advance(std::chrono::milliseconds(1));
    CHECK_FALSE(states.open(binding_for_test(), sealed).has_value());
}

TEST_CASE("the largest state of a connector survives the way to the client and back") {
    ManualClock clock;
    const RequestStates states(clock);
    const std::string text(connector_state_max_bytes, 'x');
    const auto opened = states.open(binding_for_test(),
                                    states.seal(binding_for_test(), StateKind::connector, text));
    REQUIRE(opened.has_value());
    CHECK(opened->text == text);
}

TEST_CASE("the digest of a retry is that of its request: answers, state and _meta do not count") {
    const std::string first = retry_digest(R"({"name":"a","arguments":{"x":1},"_meta":{"p":1}})");
    CHECK(first.size() == 32);
    CHECK(first == retry_digest(R"({"arguments":{"x":1},"name":"a","inputResponses":{"k":{}},)"
                                R"("requestState":"s","_meta":{"p":2}})"));
    std::set<std::string> digests{first};
    for (const char* other :
         {R"({"name":"a","arguments":{"x":2}})", R"({"name":"b","arguments":{"x":1}})",
          R"({"name":"a"})", R"({"name":"a","arguments":{"x":1},"more":1})", "{}"}) {
        digests.insert(retry_digest(other));
    }
    CHECK(digests.size() == 6);
    CHECK(retry_digest("") == retry_digest("{}"));
}
