#include "gateway/admin/admin_json.hpp"
#include "gateway/admin/admin_query.hpp"
#include "gateway/admin/admin_route.hpp"
#include "gateway/http/query_text.hpp"

#include <catch2/catch.hpp>

using namespace gatehouse;
using namespace gatehouse::gateway;

namespace {

AdminRoute routed(std::string_view method, std::string_view path) {
    auto match = match_admin_route(method, path);
    REQUIRE(std::holds_alternative<AdminRoute>(match));
    return std::get<AdminRoute>(match);
}

AdminRefusal refused(std::string_view method, std::string_view path) {
    auto match = match_admin_route(method, path);
    REQUIRE(std::holds_alternative<AdminRefusal>(match));
    return std::get<AdminRefusal>(match);
}

} // namespace

TEST_CASE("a request line finds its operation and its name") {
    CHECK(routed("GET", "/api/v1/status").operation == AdminOperation::status);
    const AdminRoute restart = routed("POST", "/api/v1/connectors/notes/restart");
    CHECK(restart.operation == AdminOperation::connector_restart);
    CHECK(restart.name == "notes");
    CHECK(routed("POST", "/api/v1/agents").operation == AdminOperation::agent_create);
    CHECK(routed("DELETE", "/api/v1/secrets/a.b_c-1").name == "a.b_c-1");
}

TEST_CASE("paths outside the API are 404, whatever the method") {
    for (const char* path :
         {"/", "", "/api/v1", "/api/v1/", "/api/v2/status", "/api/v1/status/",
          "/api/v1//connectors", "/api/v1/connectors/notes/explode", "/v/demo/mcp"}) {
        CHECK(refused("GET", path).status == 404);
    }
}

TEST_CASE("a known path with another method is 405 and names the methods") {
    const AdminRefusal refusal = refused("PATCH", "/api/v1/secrets/api");
    CHECK(refusal.status == 405);
    CHECK(refusal.allow == "PUT, DELETE");
    CHECK(refused("GET", "/api/v1/connectors/notes/start").allow == "POST");
}

TEST_CASE("a name that nothing can have is refused as such") {
    for (const char* path : {"/api/v1/connectors/", "/api/v1/connectors/..%2fx",
                             "/api/v1/connectors/a b", "/api/v1/connectors/\xc3\xa4"}) {
        CHECK(refused("GET", path).status == 400);
    }
    CHECK(refused("GET", "/api/v1/connectors/" + std::string(65, 'a')).status == 400);
}

TEST_CASE("the log query has bounds and knows its keys") {
    const auto query =
        parse_log_query("/x?n=7&after=12&follow=true&grep=a%2Bb+c&level=warning"
                        "&since=2026-11-25T08:00:00Z&stream=stderr&call=4&instance=9");
    REQUIRE(query);
    CHECK(query->count == 7);
    CHECK(query->after == 12U);
    CHECK(query->follow);
    CHECK(query->filter.grep == "a+b c");
    CHECK(query->filter.min_level == runtime::LogLevel::warning);
    CHECK(query->filter.since == parse_rfc3339("2026-11-25T08:00:00Z"));
    CHECK(query->filter.stream == runtime::LogStream::standard_error);
    CHECK(query->filter.call == CallId{4});
    CHECK(query->filter.instance == InstanceId{9});
    CHECK(parse_log_query("/x").value().count == 100);
    for (const char* bad :
         {"/x?n=2001", "/x?n=-1", "/x?n=", "/x?after=a", "/x?follow=yes", "/x?q=1", "/x?n",
          "/x?since=10m", "/x?since=9999-12-31T23:59:59Z", "/x?until=0001-01-01T00:00:00Z",
          "/x?level=loud", "/x?grep=", "/x?grep=%2", "/x?stream=x", "/x?call=a"}) {
        CHECK_FALSE(parse_log_query(bad));
    }
}

TEST_CASE("a log is read forward from a cursor or a time, and else backwards from its end") {
    CHECK_FALSE(parse_log_query("/x?n=5")->reads_forward());
    CHECK(parse_log_query("/x?after=0")->reads_forward());
    CHECK(parse_log_query("/x?since=2026-11-25T08:00:00Z")->reads_forward());
    CHECK_FALSE(parse_log_query("/x?since=2026-11-25T08:00:00Z&n=5")->reads_forward());
}

TEST_CASE("the event query has bounds and knows its keys") {
    const auto query = parse_event_query("/x?connector=notes&kind=health&n=3");
    REQUIRE(query);
    CHECK(query->filter.connector == "notes");
    CHECK(query->filter.kind == runtime::EventKind::health);
    for (const char* bad : {"/x?n=1001", "/x?kind=party", "/x?connector=", "/x?grep=a"}) {
        CHECK_FALSE(parse_event_query(bad));
    }
}

TEST_CASE("what is percent-encoded comes back as it was") {
    const std::string text = "a b+c%&=\xff/\n~";
    const auto pairs = parse_query_pairs("/x?k=" + percent_encoded(text));
    REQUIRE(pairs);
    CHECK(pairs->at(0).second == text);
}

TEST_CASE("a problem has the members of RFC 9457 and ours") {
    const HttpReply reply = problem_reply(404, Error{"GH-N404", "no such agent", "x", "why", "do"});
    CHECK(reply.status == 404);
    CHECK(reply.content_type == "application/problem+json");
    const auto json = parse_json(reply.body);
    REQUIRE(json);
    CHECK((*json)["title"] == "Not Found");
    CHECK((*json)["status"] == 404);
    CHECK((*json)["detail"] == "GH-N404 no such agent (x): why. do");
    CHECK((*json)["code"] == "GH-N404");
    CHECK((*json)["action"] == "do");
}

TEST_CASE("a status shows its cause and times, and log text of any bytes stays JSON") {
    runtime::ConnectorStatus status;
    status.name = ConnectorName("db");
    status.cause = Error{"GH-P303", "out of memory", "", "limit", "raise it"};
    status.started_at = WallTime(std::chrono::seconds(1'700'000'000));
    status.memory_bytes = 5;
    status.tool_count = 0;
    const Json json = status_json(status);
    CHECK(json["cause"]["code"] == "GH-P303");
    CHECK(json["started_at"] == "2023-11-14T22:13:20.000000Z");
    CHECK(json["next_attempt_at"].is_null());
    CHECK(json["tool_count"] == 0);
    runtime::LogRecord record;
    record.text = "bad \xff byte";
    CHECK(parse_json(dump_json(record_json(record))));
}
