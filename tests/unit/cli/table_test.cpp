#include "gateway/cli/table.hpp"
#include "gateway/cli/views.hpp"

#include <catch2/catch.hpp>
#include <sstream>

using namespace gatehouse;
using namespace gatehouse::gateway;

namespace {

Json sample_connector(const WallTime now) {
    Json connector = Json::parse(R"({
        "name": "db", "title": "Database", "health": "crash_loop", "lifecycle": "backoff",
        "cause": {"code": "GH-P303", "what": "out of memory", "where": "exit 137",
                  "why": "it used 256 MiB, its limit", "action": "Raise sandbox.limits.memory"},
        "instance": 7, "jail_pid": 4711, "restarts_total": 4, "tool_count": 3,
        "calls_total": 412, "calls_failed": 2, "in_flight": 1, "stray_lines": 5, "unknown_ids": 0,
        "log_lines_dropped": 0, "memory_bytes": 63963136, "memory_max_bytes": 268435456,
        "last_exit": "killed by SIGKILL", "started_at": null, "instances_ready": 2,
        "instances_total": 3, "scope": "member", "transport": "http", "era": "modern",
        "weakenings": ["allow_private: near"], "revision": "1f2e3d4c",
        "calls_recent": 200, "calls_recent_failed": 3, "p95_ms": 180})");
    connector["since"] = rfc3339_text(now - std::chrono::minutes(5));
    connector["next_attempt_at"] = rfc3339_text(now + std::chrono::seconds(32));
    return connector;
}

std::size_t longest_line(const std::string& text) {
    std::istringstream lines(text);
    std::size_t longest = 0;
    for (std::string line; std::getline(lines, line);) {
        longest = std::max(longest, display_width(line));
    }
    return longest;
}

const WallTime view_now = ManualClock().wall_now();

} // namespace

TEST_CASE("columns are two blanks apart, without borders or trailing blanks") {
    Table table;
    table.headers = {"NAME", "AGE", "CAUSE"};
    table.rows = {{{"notes"}, {"3d"}, {""}}, {{"db"}, {"1m"}, {"broken"}}};
    CHECK(render_table(table, {}) == "NAME   AGE  CAUSE\n"
                                     "notes  3d\n"
                                     "db     1m   broken\n");
}

TEST_CASE("a table keeps its width: the last column is cut first, then the widest") {
    Table table;
    table.headers = {"NAME", "HEALTH", "CAUSE"};
    table.rows = {{{std::string(60, 'n')}, {"healthy"}, {std::string(200, 'c')}}};
    const std::string text = render_table(table, {60, false});
    CHECK(longest_line(text) == 60);
    CHECK(text.find("healthy") != std::string::npos);
    CHECK(text.find("…") != std::string::npos);
    CHECK(longest_line(render_table(table, {TableStyle::uncut, false})) > 260);
}

TEST_CASE("in a narrow table whole columns go before a word that matters is cut") {
    Table table;
    table.headers = {"NAME", "HEALTH", "REV", "CAUSE"};
    table.rows = {
        {{"exit-at-once"}, {"unhealthy"}, {"1f2e3d4c"}, {"GH-P301 it ended", {}, "GH-P301"}}};
    table.expendable = {"REV"};
    CHECK(render_table(table, {52, false, true}).find("1f2e3d4c") != std::string::npos);
    CHECK(render_table(table, {34, false, true}) == "NAME          HEALTH     CAUSE\n"
                                                    "exit-at-once  unhealthy  GH-P301\n");
    CHECK(render_table(table, {TableStyle::uncut, false}).find("1f2e3d4c") != std::string::npos);
}

TEST_CASE("colour does not move the columns") {
    Table table;
    table.headers = {"HEALTH", "AGE"};
    table.rows = {{{"healthy", Tint::good}, {"1m"}}, {{"idle", Tint::dim}, {"2m"}}};
    const std::string text = render_table(table, {100, true});
    CHECK(text.find("\033[32mhealthy\033[0m  1m") != std::string::npos);
    CHECK(text.find("\033[2midle\033[0m     2m") != std::string::npos);
}

TEST_CASE("a cell cannot steer the terminal or break its line") {
    Table table;
    table.headers = {"CAUSE"};
    table.rows = {{{"a\nb\033[2J"}}};
    CHECK(render_table(table, {}) == "CAUSE\na\\x0ab\\x1b[2J\n");
}

TEST_CASE("ls shows what is wrong and what to do, within 100 columns") {
    Json list = Json::array();
    list.push_back(sample_connector(view_now));
    const Table table = connectors_table(list, view_now);
    const std::string wide = render_table(table, {TableStyle::uncut, false});
    CHECK(wide.find("db    crash_loop  2/3    1f2e3d4c  200       1.5   180ms  61M/256M  5m   "
                    "GH-P303 out of memory: it used 256 MiB, its limit → Raise "
                    "sandbox.limits.memory") != std::string::npos);
    CHECK(longest_line(render_table(table, {})) == 100);
}

TEST_CASE("on a terminal what has no room in the last column goes on below its row, whole") {
    Json list = Json::array();
    list.push_back(sample_connector(view_now));
    list.push_back(Json::parse(R"({"name": "ok", "health": "healthy"})"));
    for (const std::size_t width : {80, 100}) {
        const std::string text =
            render_table(connectors_table(list, view_now), {width, false, true});
        CHECK(longest_line(text) <= width);
        CHECK(text.find("5m   GH-P303\n    out of memory: it used 256 MiB, its limit\n    → Raise "
                        "sandbox.limits.memory\nok") != std::string::npos);
    }
    const std::string roomy = render_table(connectors_table(list, view_now), {200, false, true});
    CHECK(roomy.find("GH-P303 out of memory: it used 256 MiB") != std::string::npos);
}

TEST_CASE("the wide list has more columns, the cause still last") {
    Json list = Json::array();
    list.push_back(sample_connector(view_now));
    const Table table = wide_connectors_table(list, view_now);
    CHECK(table.headers.back() == "CAUSE");
    CHECK(table.rows[0].size() == table.headers.size());
    CHECK(table.rows[0].back().text.find("GH-P303") == 0);
}

TEST_CASE("a connector that never started shows dashes, not zeros") {
    Json list = Json::array();
    list.push_back(Json::parse(R"({"name": "new", "health": "idle", "lifecycle": "idle",
                                   "tool_count": null, "memory_bytes": 0})"));
    const auto row = connectors_table(list, view_now).rows.at(0);
    for (const std::size_t column : {3, 4, 5, 6, 7, 8}) {
        CHECK(row[column].text == "-");
    }
    CHECK(row[9].text.empty());
}

TEST_CASE("latencies and error shares are short and never round a failure away") {
    CHECK(latency_text(Json(180)) == "180ms");
    CHECK(latency_text(Json(10'000)) == "10.0s");
    CHECK(latency_text(Json(250'000)) == "250s");
    CHECK(latency_text(Json(nullptr)) == "-");
    Json list = Json::parse(R"([{"calls_recent": 10000, "calls_recent_failed": 1},
                                {"calls_recent": 100, "calls_recent_failed": 12}])");
    const Table table = connectors_table(list, view_now);
    CHECK(table.rows[0][5].text == "<0.1");
    CHECK(table.rows[1][5].text == "12");
}

TEST_CASE("members of a wrong type never throw") {
    const Json odd =
        Json::parse(R"([1, null, "x", {"name": 5, "cause": "text", "memory_bytes": -1}])");
    CHECK(connectors_table(odd, view_now).rows.size() == 4);
    CHECK(wide_connectors_table(odd, view_now).rows.size() == 4);
    CHECK(top_table(odd).rows.size() == 4);
    CHECK(tools_table(odd, false).rows.size() == 4);
    CHECK(doctor_table(odd).rows.size() == 4);
    CHECK(agents_table(odd, view_now).rows.size() == 4);
    CHECK(secrets_table(odd, view_now).rows.size() == 4);
    for (const Json& item : odd) {
        CHECK_FALSE(connector_view(item, {view_now}).empty());
        CHECK_FALSE(daemon_view(item, {view_now}).empty());
        CHECK_FALSE(log_line_view(item, {view_now}).empty());
        CHECK_FALSE(event_line_view(item, {view_now}).empty());
        CHECK_FALSE(describe_view({item, odd, odd}, {view_now}).empty());
        CHECK_FALSE(explain_view(item, 80).empty());
    }
}

TEST_CASE("status of a connector tells since when, why, and what to do") {
    const std::string text = connector_view(sample_connector(view_now), {view_now});
    CHECK(text.starts_with("db  crash_loop for 5m\n"));
    CHECK(text.find("GH-P303 out of memory (exit 137)") != std::string::npos);
    CHECK(text.find("what to do    Raise sandbox.limits.memory") != std::string::npos);
    CHECK(text.find("next attempt  in 32s") != std::string::npos);
    CHECK(text.find("412 in total, 2 failed, 1 in flight") != std::string::npos);
    CHECK(text.find("5 stray lines on stdout") != std::string::npos);
    CHECK(text.find("unknown ids") == std::string::npos);
}

TEST_CASE("status tells how many instances there are and for whom, how they speak, what is weak") {
    Json connector = sample_connector(view_now);
    const std::string text = connector_view(connector, {view_now});
    CHECK(text.find("instances     2 of 3 ready, one for each member") != std::string::npos);
    CHECK(text.find("speaks        MCP over HTTP inside of its sandbox, modern era") !=
          std::string::npos);
    CHECK(text.find("weakened      allow_private: near") != std::string::npos);
    connector["scope"] = "auto";
    connector["instances_total"] = 1;
    connector["weakenings"] = Json::array();
    const std::string plain = connector_view(connector, {view_now});
    CHECK(plain.find("instances") == std::string::npos);
    CHECK(plain.find("weakened") == std::string::npos);
}

TEST_CASE(
    "a log line shows time, stream and text, escaped also for a pipe that ends at a terminal") {
    const Json record = Json::parse(
        R"({"seq":1,"time":"2026-11-25T08:00:00.123456Z","instance":1,"stream":"stderr","text":"a\u001bb"})");
    CHECK(log_line_view(record, {view_now}) == "2026-11-25T08:00:00.123Z stderr a\\x1bb");
    CHECK(log_line_view(record, {view_now, false, false}) ==
          "2026-11-25T08:00:00.123Z stderr a\\x1bb");
}

TEST_CASE("what the daemon's checks call failed stands before the facts of the daemon") {
    const Json daemon = Json::parse(R"({"version":"0.1.0","pid":7,
        "failed_checks":["disk: 0MiB free → Make room where /data is"]})");
    const std::string text = daemon_view(daemon, {view_now});
    const std::size_t failing = text.find("failing       disk: 0MiB free → Make room");
    REQUIRE(failing != std::string::npos);
    CHECK(failing < text.find("pid"));
    CHECK(daemon_view(Json::parse(R"({"pid":7})"), {view_now}).find("failing") ==
          std::string::npos);
}

TEST_CASE("audit lines show who did what, and a broken line shows as unreadable") {
    const Table table = audit_table(
        {R"({"seq":1,"time":"2026-11-25T08:00:00.000001Z","kind":"admin","principal":"uid:0","action":"secret.set","target":"api"})",
         R"({"seq":2,"time":"2026-11-25T08:00:01.000001Z","kind":"denial","principal":"agent:ci","connector":"notes","tool":"delete","decision":"deny","reason":"GH-Z001"})",
         "not json"});
    CHECK(table.rows[0][2].text == "uid:0");
    CHECK(table.rows[0][3].text == "secret.set");
    CHECK(table.rows[0][4].text == "api");
    CHECK(table.rows[1][3].text == "delete");
    CHECK(table.rows[1][5].text == "deny GH-Z001");
    CHECK(table.rows[2][1].text == "unreadable");
}
