#include "runtime/logs/level.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using gatehouse::runtime::detect_level;
using gatehouse::runtime::mcp_level;
using gatehouse::runtime::parse_log_level;
using Level = gatehouse::runtime::LogLevel;

namespace {

struct Example {
    Level level;
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
        {Level::info, R"({"level":30,"time":1700000000000,"pid":1,"msg":"listening"})"},
        {Level::critical, R"({"name":"app","hostname":"h","pid":1,"level":60,"msg":"x","v":0})"},
        {Level::error, R"({"level":"error","msg":"x"})"},
        {Level::warning, R"({"ts":1.5,"level":"WARN","caller":"a.go:1","msg":"{\"level\":10}"})"},
        {Level::error, R"({"severity": "ERROR", "message": "x"})"},
        {Level::debug, R"({"levelname":"DEBUG","message":"x"})"},
        {Level::none, R"({"context":{"level":"error"},"msg":"x"})"},
        {Level::none, R"({"msg":"level","text":"error"})"},
        {Level::none, R"({"level":3})"},
        {Level::none, R"({"level":)"},
        {Level::none, "{\"level"},
        {Level::none, "{"},
    });
}

TEST_CASE("levels are found in logfmt, syslog marks and glog") {
    check_all({
        {Level::warning, "ts=2026-11-25T08:00:00Z level=warn msg=\"slow\""},
        {Level::error, "level=\"error\" msg=x"},
        {Level::info, "time=x severity=INFO msg=x"},
        {Level::none, "sublevel=error"},
        {Level::none, "GET /x?level=high HTTP/1.1"},
        {Level::error, "<3>disk is full"},
        {Level::critical, "<0>panic"},
        {Level::debug, "<7>x"},
        {Level::info, "<14>x"},
        {Level::none, "<999>x"},
        {Level::none, "<3"},
        {Level::none, "<html>"},
        {Level::error, "E1125 08:00:00.000000    1 main.cc:7] failed"},
        {Level::info, "I1125 08:00:00.000000    1 main.cc:7] up"},
        {Level::none, "E1125"},
    });
}

TEST_CASE("levels are found in prefixes, behind times and names") {
    check_all({
        {Level::error, "[ERROR] no such table"},
        {Level::warning, "[warn] slow"},
        {Level::error, "ERROR: no such table"},
        {Level::error, "error: no such table"},
        {Level::error, "ERROR:root:no such table"},
        {Level::warning, "WARNING:urllib3.connectionpool:Retrying"},
        {Level::info, "INFO:     Uvicorn running"},
        {Level::error, "2026-11-25 08:00:00,123 ERROR no such table"},
        {Level::warning, "2026-11-25 08:00:00,123 - app.db - WARNING - slow"},
        {Level::info, "2026/11/25 08:00:00 INFO hello count=3"},
        {Level::info, "[2026-11-25T08:00:00Z INFO  server] listening"},
        {Level::error, "[2026-11-25T08:00:00Z ERROR server::db] failed"},
        {Level::warning, "\x1b[2m2026-11-25T08:00:00.000Z\x1b[0m \x1b[33m WARN\x1b[0m app: slow"},
        {Level::critical, "panic: runtime error: index out of range"},
        {Level::critical, "FATAL: out of memory"},
        {Level::warning, "(node:17) Warning: deprecated"},
        {Level::warning, "(node:17) [DEP0040] DeprecationWarning: punycode"},
        {Level::error, "ValueError: invalid literal"},
        {Level::error, "TypeError: x is not a function"},
        {Level::error, "Traceback (most recent call last):"},
        {Level::critical, "thread 'main' panicked at src/main.rs:2:5:"},
    });
}

TEST_CASE("lines of Node's debug package are debug") {
    check_all({
        {Level::debug, "  express:router dispatching GET / +0ms"},
        {Level::debug, "2026-11-25T08:00:00.000Z express:router dispatching GET /"},
        {Level::none, "listening on http://localhost:80"},
    });
}

TEST_CASE("a level word in the middle of prose is no level") {
    check_all({
        {Level::none, ""},
        {Level::none, "   "},
        {Level::none, "Error handling is on"},
        {Level::none, "there was no error: all is well"},
        {Level::none, "server started, warnings are off"},
        {Level::none, "at Object.<anonymous> (/app/index.js:1:1)"},
        {Level::none, "123"},
        {Level::none, "[1/4] resolving"},
        {Level::none, std::string(100'000, '=')},
        {Level::none, std::string(100'000, '[')},
        {Level::none, std::string("\0\xff\x1b[", 4)},
    });
}

TEST_CASE("the level of an MCP log message is that of its params") {
    CHECK(mcp_level(R"({"level":"notice","logger":"db","data":{"level":"error"}})") ==
          Level::notice);
    CHECK(mcp_level(R"({"data":"x","level":"emergency"})") == Level::critical);
    CHECK(mcp_level("{}") == Level::none);
    CHECK(parse_log_level("Warn") == Level::warning);
    CHECK_FALSE(parse_log_level("loud").has_value());
    CHECK_FALSE(parse_log_level("").has_value());
}
