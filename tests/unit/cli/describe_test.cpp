#include "gateway/cli/fact_text.hpp"
#include "gateway/cli/views.hpp"

#include <catch2/catch.hpp>

using namespace gatehouse;
using namespace gatehouse::gateway;

namespace {

const WallTime describe_now = ManualClock().wall_now();

std::string minutes_ago(int minutes) {
    return rfc3339_text(describe_now - std::chrono::minutes(minutes));
}

Json crashed_detail() {
    Json detail = Json::parse(R"({"name": "db", "health": "crash_loop", "lifecycle": "backoff",
        "cause": {"code": "GH-P303", "what": "out of memory", "where": "", "why": "256 MiB used",
                  "action": "Raise sandbox.limits.memory"},
        "evidence": {"source": "S4", "confidence": "certain",
                     "action": {"who": "team", "verb": "gatehouse logs db --previous"},
                     "restarts": {"window": 4, "budget": 10, "total": 7}},
        "conditions": [{"name": "restarted", "cause": {"code": "GH-P303", "why": "256 MiB used"}}],
        "instances": [{"instance": 9, "lifecycle": "backoff", "health": "crash_loop",
                       "calls_total": 12, "calls_failed": 1, "in_flight": 0}],
        "breakers": [{"host": "api.example", "state": "open",
                      "cause": {"code": "GH-D204", "what": "it timed out"}}],
        "limits": {"memory_bytes": 268435456, "pids": 64, "call_ms": 60000},
        "credentials": [{"name": "api", "secret": "db-key", "version": 3},
                        {"name": "other", "secret": "x", "version": null}],
        "weakenings": ["allow_private: near"], "revision": "1f2e3d4c",
        "manifest": "/etc/gatehouse/db.yaml"})");
    detail["since"] = minutes_ago(5);
    detail["next_attempt_at"] = rfc3339_text(describe_now + std::chrono::seconds(32));
    detail["evidence"]["last_ok"] = minutes_ago(6);
    return detail;
}

Json one_crash() {
    Json crashes = Json::parse(R"([{"instance": 8, "cause": {"code": "GH-P303", "what": "OOM"},
        "exit": {"result": "oom", "signal": 9, "uptime_ms": 61000},
        "calls": [{"id": 77, "method": "tools/call", "target": "query", "age_ms": 1200,
                   "told": "may_have_run"}],
        "last_lines": ["  indented", "\u001b[31mred"]}])");
    crashes[0]["time"] = minutes_ago(2);
    return crashes;
}

} // namespace

TEST_CASE("describe says what, since when, why, what to do, by what proof, and what was lost") {
    const Json detail = crashed_detail();
    const Json crashes = one_crash();
    Json events = Json::parse(R"([{"connector": "db", "kind": "health", "from": "healthy",
        "to": "crash_loop", "cause": {"code": "GH-P303", "what": "out of memory"}}])");
    events[0]["time"] = minutes_ago(5);
    const std::string text = describe_view({detail, crashes, events}, {describe_now});
    for (const char* part :
         {"db  crash_loop for 5m\n",
          "cause         GH-P303 out of memory\n",
          "what to do    Raise sandbox.limits.memory\n",
          "who acts      team\n",
          "proof         S4, certain\n",
          "last ok       6m ago\n",
          "next attempt  in 32s\n",
          "restarts      4 of 10 in the window, 7 in total\n",
          "as above\n",
          "when          2m ago, instance 8\n",
          "exit          oom, 9 as signal, up 61.0s\n",
          "77 tools/call query after 1.2s: the caller was told that it may have run\n",
          "    |   indented\n",
          "    | \\x1b[31mred\n",
          "api.example  open",
          "memory 256MiB, pids 64, call 1m",
          "api, secret db-key, version 3\n",
          "other, secret x, not set\n",
          "weakened      allow_private: near\n",
          "revision      1f2e3d4c\n",
          "healthy → crash_loop  GH-P303 out of memory"}) {
        INFO(part << "\n" << text);
        CHECK(text.find(part) != std::string::npos);
    }
}

TEST_CASE("a connector that is well has a short description") {
    const Json detail = Json::parse(R"({"name": "ok", "health": "healthy", "lifecycle": "ready"})");
    const Json none;
    const std::string text = describe_view({detail, none, none}, {describe_now});
    for (const char* part : {"cause", "Last crash", "Events", "What it reaches", "Also true"}) {
        CHECK(text.find(part) == std::string::npos);
    }
}

TEST_CASE("an event shows who, what, from what to what and why, in one line") {
    Json event = Json::parse(R"({"connector": "db", "kind": "lifecycle", "from": "ready",
        "to": "backoff", "text": "a\nb", "cause": {"code": "GH-P303", "what": "out of memory"}})");
    event["time"] = "2026-11-25T08:00:00.123456Z";
    CHECK(event_line_view(event, {describe_now}) ==
          "2026-11-25T08:00:00.123Z  db            lifecycle  ready → backoff  a\\x0ab  "
          "GH-P303 out of memory");
    CHECK(event_line_view(event, {describe_now, false, true, 80}).ends_with("a\\x0ab  GH-…"));
    CHECK(event_line_view(event, {describe_now, false, true, 80, true}).ends_with("of memory"));
    event["kind"] = "health";
    event["to"] = "crash_loop";
    CHECK(event_line_view(event, {describe_now, true}).find("\033[31mcrash_loop\033[0m") !=
          std::string::npos);
    event["connector"] = "";
    CHECK(event_line_view(event, {describe_now}).find("gatehouse") != std::string::npos);
}

TEST_CASE("a log record stays one line, also when it is not for a terminal") {
    const Json record = Json::parse(R"({"time": "2026-11-25T08:00:00Z", "stream": "mcp",
        "level": "error", "text": "a\nb\rc", "instance": 4, "calls": [1, 2]})");
    CHECK(log_line_view(record, {describe_now, false, false}) ==
          "2026-11-25T08:00:00Z mcp error a\\x0ab\\x0dc");
    CHECK(log_line_view(record, {describe_now, false, false, 100, true}) ==
          "2026-11-25T08:00:00Z mcp #4 calls=1,2 error a\\x0ab\\x0dc");
    CHECK(log_line_view(record, {describe_now, true}).find("\033[31merror\033[0m") !=
          std::string::npos);
}

TEST_CASE("a long fact goes on under its beginning, within the width") {
    FactText facts(40);
    facts.fact("what to do", "one two three four five six seven eight");
    facts.fact("nothing", "");
    CHECK(facts.take() == "  what to do    one two three four five\n"
                          "                six seven eight\n");
}

TEST_CASE("what a doctor finds has its state in a word, not in a colour alone") {
    const Json checks = Json::parse(R"([{"name": "disk", "state": "fail", "text": "1MiB free",
                                         "action": "Make room"}])");
    const std::string text = render_table(doctor_table(checks), {100, true});
    CHECK(text.find("fail") != std::string::npos);
    CHECK(text.find("1MiB free → Make room") != std::string::npos);
}
