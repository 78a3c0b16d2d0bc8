#include "runtime/logs/level.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using gatehouse::runtime::detect_level;
using gatehouse::runtime::mcp_level;
using gatehouse::runtime::parse_log_level;
using Seen = gatehouse::runtime::LogLevel;

namespace {

struct Example {
    Seen level;
    std::string line;
};

void check_all(const std::vector<Example>& examples) {
    for (const Example& example : examples) {
        INFO(example.line);
        CHECK(std::string(to_text(detect_level(example.line))) == to_text(example.level));
    }
}

} // namespace

TEST_CASE("levels are found in the JSON of the common loggers, at the outermost object only") {
    check_all({
        {Seen::info, R"({"level":30,"time":1700000000000,"pid":1,"msg":"listening"})"},
        {Seen::critical, R"({"name":"app","hostname":"h","pid":1,"level":60,"msg":"x","v":0})"},
        {Seen::error, R"({"level":"error","msg":"x"})"},
        {Seen::warning, R"({"ts":1.5,"level":"WARN","caller":"a.go:1","msg":"{\"level\":10}"})"},
        {Seen::error, R"({"severity": "ERROR", "message": "x"})"},
        {Seen::debug, R"({"levelname":"DEBUG","message":"x"})"},
        {Seen::none, R"({"context":{"level":"error"},"msg":"x"})"},
        {Seen::none, R"({"msg":"level","text":"error"})"},
        {Seen::none, R"({"level":3})"},
        {Seen::none, R"({"level":)"},
        {Seen::none, "{\"level"},
        {Seen::none, "{"},
    });
}

TEST_CASE("levels are found in logfmt, syslog marks and glog") {
    check_all({
        {Seen::warning, "ts=2026-11-25T08:00:00Z level=warn msg=\"slow\""},
        {Seen::error, "level=\"error\" msg=x"},
        {Seen::info, "time=x severity=INFO msg=x"},
        {Seen::none, "sublevel=error"},
        {Seen::none, "GET /x?level=high HTTP/1.1"},
        {Seen::error, "<3>disk is full"},
        {Seen::critical, "<0>panic"},
        {Seen::debug, "<7>x"},
        {Seen::info, "<14>x"},
        {Seen::none, "<999>x"},
        {Seen::none, "<3"},
        {Seen::none, "<html>"},
        {Seen::error, "E1125 08:00:00.000000    1 main.cc:7] failed"},
        {Seen::info, "I1125 08:00:00.000000    1 main.cc:7] up"},
        {Seen::none, "E1125"},
    });
}

TEST_CASE("levels are found in prefixes, behind times and names") {
    check_all({
        {Seen::error, "[ERROR] no such table"},
        {Seen::warning, "[warn] slow"},
        {Seen::error, "ERROR: no such table"},
        {Seen::error, "error: no such table"},
        {Seen::error, "ERROR:root:no such table"},
        {Seen::warning, "WARNING:urllib3.connectionpool:Retrying"},
        {Seen::info, "INFO:     Uvicorn running"},
        {Seen::error, "2026-11-25 08:00:00,123 ERROR no such table"},
        {Seen::warning, "2026-11-25 08:00:00,123 - app.db - WARNING - slow"},
        {Seen::info, "2026/11/25 08:00:00 INFO hello count=3"},
        {Seen::info, "[2026-11-25T08:00:00Z INFO  server] listening"},
        {Seen::error, "[2026-11-25T08:00:00Z ERROR server::db] failed"},
        {Seen::warning, "\x1b[2m2026-11-25T08:00:00.000Z\x1b[0m \x1b[33m WARN\x1b[0m app: slow"},
        {Seen::critical, "panic: runtime error: index out of range"},
        {Seen::critical, "FATAL: out of memory"},
        {Seen::warning, "(node:17) Warning: deprecated"},
        {Seen::warning, "(node:17) [DEP0040] DeprecationWarning: punycode"},
        {Seen::error, "ValueError: invalid literal"},
        {Seen::error, "TypeError: x is not a function"},
        {Seen::error, "Traceback (most recent call last):"},
        {Seen::critical, "thread 'main' panicked at src/main.rs:2:5:"},
    });
}

TEST_CASE("lines of Node's debug package are debug") {
    check_all({
        {Seen::debug, "  express:router dispatching GET / +0ms"},
        {Seen::debug, "2026-11-25T08:00:00.000Z express:router dispatching GET /"},
        {Seen::none, "listening on http://localhost:80"},
    });
}

TEST_CASE("a level word in the middle of prose is no level") {
    check_all({
        {Seen::none, ""},
        {Seen::none, "   "},
        {Seen::none, "Error handling is on"},
        {Seen::none, "there was no error: all is well"},
        {Seen::none, "server started, warnings are off"},
        {Seen::none, "at Object.<anonymous> (/app/index.js:1:1)"},
        {Seen::none, "123"},
        {Seen::none, "[1/4] resolving"},
        {Seen::none, std::string(100'000, '=')},
        {Seen::none, std::string(100'000, '[')},
        {Seen::none, std::string("\0\xff\x1b[", 4)},
    });
}

TEST_CASE("the level of an MCP log message is that of its params") {
    CHECK(mcp_level(R"({"level":"notice","logger":"db","data":{"level":"error"}})") ==
          Seen::notice);
    CHECK(mcp_level(R"({"data":"x","level":"emergency"})") == Seen::critical);
    CHECK(mcp_level("{}") == Seen::none);
    CHECK(parse_log_level("Warn") == Seen::warning);
    CHECK_FALSE(parse_log_level("loud").has_value());
    CHECK_FALSE(parse_log_level("").has_value());
}
