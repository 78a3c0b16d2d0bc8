#include "gateway/auth/agents.hpp"
#include "gateway/store/store.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <stdlib.h>

using namespace gatehouse;
using namespace gatehouse::gateway;

namespace {

struct Bench {
    std::filesystem::path folder;
    ManualClock clock;
    std::unique_ptr<Store> store;
    std::unique_ptr<AgentRegistry> agents;

    Bench() {
        std::string pattern = "/tmp/gh_auth_XXXXXX";
        folder = ::mkdtemp(pattern.data());
        reopen();
    }
    ~Bench() { std::filesystem::remove_all(folder); }
    void reopen() {
        agents.reset();
        store.reset();
        store = Store::open(folder / "store.sqlite").value();
        agents = AgentRegistry::open(*store, clock).value();
    }
    std::string create(const std::string& name) {
        auto token = agents->create(name);
        REQUIRE(token);
        return std::string(token->reveal());
    }
    std::string code_of(const std::string& header) const {
        auto answer = agents->authenticate(header);
        return answer ? "" : answer.error().code;
    }
};

} // namespace

TEST_CASE("a token has the documented form and signs its agent in, also after a restart") {
    Bench bench;
    const std::string token = bench.create("ci");
    CHECK(token.size() == 47);
    CHECK(token.substr(0, 4) == "gth_");
    for (int round = 0; round < 2; ++round) {
        auto who = bench.agents->authenticate("Bearer " + token);
        REQUIRE(who);
        CHECK(who->id().str() == "agent:ci");
        CHECK(who->name() == "ci");
        bench.reopen();
    }
    CHECK(bench.code_of("bearer   " + token).empty());
}

TEST_CASE(
    "no header is GH-A120, and every wrong token is the same GH-A121 without the token in it") {
    Bench bench;
    const std::string token = bench.create("ci");
    CHECK(bench.agents->authenticate(std::nullopt).error().code == "GH-A120");
    std::string last_changed = token;
    last_changed.back() = last_changed.back() == 'A' ? 'B' : 'A';
    std::set<std::string> texts;
    for (const std::string& header :
         {std::string(), std::string("Bearer"), std::string("Bearer "), "Basic " + token, token,
          "Bearer" + token, "Bearer " + token + " ", "Bearer " + token + "A", "Bearer x" + token,
          "Bearer " + last_changed, "Bearer " + token.substr(0, 46),
          "Bearer " + std::string(47, '\0'), "Bearer gth_" + std::string(43, '*'),
          std::string(100'000, 'B')}) {
        CAPTURE(header.substr(0, 60));
        auto refused = bench.agents->authenticate(header);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == "GH-A121");
        texts.insert(to_text(refused.error()));
        CHECK(to_text(refused.error()).find(token.substr(4, 20)) == std::string::npos);
    }
    CHECK(texts.size() == 1);
}

TEST_CASE("names are checked, taken once, listed in order with a hint, and removed at once") {
    Bench bench;
    for (const char* bad : {"", "CI", "a_b", "a b", "ünï", "a/../b"}) {
        CHECK(bench.agents->create(bad).error().code == "GH-A110");
    }
    CHECK(bench.agents->create(std::string(41, 'a')).error().code == "GH-A110");
    const std::string longest = bench.create(std::string(40, 'a'));
    const std::string token = bench.create("ci");
    CHECK(bench.agents->create("ci").error().code == "GH-A111");
    REQUIRE(bench.agents->list().size() == 2);
    CHECK(bench.agents->list()[1].name == "ci");
    CHECK(bench.agents->list()[1].token_hint == token.substr(43));
    CHECK(bench.agents->list()[1].created_at == rfc3339_text(bench.clock.wall_now()));
    CHECK(bench.agents->remove("ci"));
    CHECK(bench.code_of("Bearer " + token) == "GH-A121");
    CHECK(bench.code_of("Bearer " + longest).empty());
    CHECK(bench.agents->remove("ci").error().code == "GH-A112");
    bench.reopen();
    CHECK(bench.code_of("Bearer " + token) == "GH-A121");
    CHECK(bench.create("ci") != token);
}

TEST_CASE("the store's files never hold a token") {
    Bench bench;
    const std::string token = bench.create("ci");
    for (const auto& entry : std::filesystem::directory_iterator(bench.folder)) {
        std::ifstream in(entry.path(), std::ios::binary);
        const std::string bytes{std::istreambuf_iterator<char>(in), {}};
        CHECK(bytes.find(token) == std::string::npos);
        CHECK(bytes.find(token.substr(4, 16)) == std::string::npos);
    }
}

TEST_CASE("tokens do not repeat") {
    Bench bench;
    std::set<std::string> seen;
    for (int i = 0; i < 20; ++i) {
        seen.insert(bench.create("agent-" + std::to_string(i)));
    }
    CHECK(seen.size() == 20);
}

TEST_CASE("authentication cost", "[.bench]") {
    Bench bench;
    std::string token;
    for (int i = 0; i < 100; ++i) {
        token = bench.create("agent-" + std::to_string(i));
    }
    const std::string header = "Bearer " + token;
    constexpr int rounds = 1'000'000;
    const auto start = std::chrono::steady_clock::now();
    int good = 0;
    for (int i = 0; i < rounds; ++i) {
        good += bench.agents->authenticate(header) ? 1 : 0;
    }
    const std::chrono::duration<double, std::micro> spent =
        std::chrono::steady_clock::now() - start;
    CHECK(good == rounds);
    WARN("authenticate: " << spent.count() / rounds << " us");
}
