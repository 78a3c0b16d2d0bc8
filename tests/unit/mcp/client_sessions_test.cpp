#include "gateway/mcp/client_sessions.hpp"

#include <catch2/catch.hpp>

using namespace gatehouse;
using gatehouse::gateway::ClientSessions;

namespace {
const PrincipalId alice("agent:alice");
const PrincipalId bob("agent:bob");
const VirtualServerName demo("demo");
} // namespace

TEST_CASE("a session is found only by its own principal on its own virtual server") {
    ManualClock clock;
    ClientSessions sessions(clock, 10, std::chrono::minutes(30));
    const auto session = sessions.create(alice, demo);
    REQUIRE(session != nullptr);
    CHECK(session->id.str().size() == 32);
    CHECK(sessions.find(session->id.str(), alice, demo) == session);
    CHECK(sessions.find(session->id.str(), bob, demo) == nullptr);
    CHECK(sessions.find(session->id.str(), alice, VirtualServerName("other")) == nullptr);
    CHECK(sessions.find("", alice, demo) == nullptr);
}

TEST_CASE(
    "a full table refuses new sessions until the least recently used one is idle long enough") {
    ManualClock clock;
    ClientSessions sessions(clock, 2, std::chrono::minutes(30));
    const auto first = sessions.create(alice, demo);
    const auto second = sessions.create(alice, demo);
    CHECK(sessions.create(alice, demo) == nullptr);
    clock.advance(std::chrono::minutes(29));
    CHECK(sessions.find(first->id.str(), alice, demo) != nullptr);
    clock.advance(std::chrono::minutes(2));
    CHECK(sessions.create(alice, demo) != nullptr);
    CHECK(sessions.find(second->id.str(), alice, demo) == nullptr);
    CHECK(sessions.find(first->id.str(), alice, demo) != nullptr);
    CHECK(sessions.count() == 2);
}

TEST_CASE("a removed session is gone, and removing it twice does nothing") {
    ManualClock clock;
    ClientSessions sessions(clock, 2, std::chrono::minutes(30));
    const auto session = sessions.create(alice, demo);
    sessions.remove(session->id);
    sessions.remove(session->id);
    CHECK(sessions.find(session->id.str(), alice, demo) == nullptr);
    CHECK(sessions.count() == 0);
}
