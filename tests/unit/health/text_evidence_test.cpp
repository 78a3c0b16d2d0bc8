#include "runtime/health/text_evidence.hpp"

#include "runtime/health/result_failure.hpp"
#include "tests/unit/health/fact_maker.hpp"

#include <catch2/catch.hpp>

using namespace gatehouse;
using namespace gatehouse::runtime;
using namespace gatehouse::runtime::fact_maker;
using std::chrono::seconds;

TEST_CASE("the usual words of a refused credential and of an absent service are known") {
    for (const char* text :
         {"Request failed with status code 401", "HTTP/1.1 401 Unauthorized", "403 Forbidden",
          "error: invalid_grant", "Bad credentials", "Token has expired", "HTTP 403",
          "Invalid API key provided", "status=401", "Authentication failed for user"}) {
        INFO(text);
        CHECK(hint_of_text(text) == TextHint::auth);
    }
    for (const char* text :
         {"connect ECONNREFUSED 127.0.0.1:5432", "getaddrinfo ENOTFOUND api.example.com",
          "Connection timed out", "503 Service Unavailable", "502 Bad Gateway", "HTTP error 500",
          "Too Many Requests", "certificate verify failed", "could not resolve host",
          "rate limited, slow down"}) {
        INFO(text);
        CHECK(hint_of_text(text) == TextHint::downstream);
    }
    for (const char* text :
         {"", "listening on port 4010", "found 401 items", "row 503 of 1000", "ok",
          "wrote 403 bytes", "the author is unknown", "file not found", "id 5021"}) {
        INFO(text);
        CHECK(hint_of_text(text) == TextHint::nothing);
    }
}

TEST_CASE("text far behind the beginning is not looked at") {
    CHECK(hint_of_text(std::string(4000, 'x') + " 401 Unauthorized") == TextHint::auth);
    CHECK(hint_of_text(std::string(5000, 'x') + " 401 Unauthorized") == TextHint::nothing);
}

TEST_CASE("one tool error is a suspicion, for log lines it takes three in a minute") {
    TextEvidence evidence;
    evidence.add(TextOrigin::tool_error, "status code 401: token sk-12345", fact_now);
    const auto auth = evidence.suspected_auth(fact_now);
    REQUIRE(auth.has_value());
    CHECK(auth->cause.code == "GH-A115");
    CHECK(auth->source == EvidenceSource::text);
    CHECK(auth->cause.why.find("sk-12345") == std::string::npos);
    CHECK_FALSE(evidence.suspected_downstream(fact_now).has_value());
    CHECK(evidence.suspected_auth(fact_now + seconds(59)).has_value());
    CHECK_FALSE(evidence.suspected_auth(fact_now + seconds(60)).has_value());

    TextEvidence lines;
    for (const int second : {0, 40, 80}) {
        lines.add(TextOrigin::log_line, "ECONNREFUSED", fact_now + seconds(second));
        CHECK_FALSE(lines.suspected_downstream(fact_now + seconds(second)).has_value());
    }
    lines.add(TextOrigin::log_line, "ECONNREFUSED", fact_now + seconds(90));
    REQUIRE(lines.suspected_downstream(fact_now + seconds(90)).has_value());
    lines.reset();
    CHECK_FALSE(lines.suspected_downstream(fact_now + seconds(90)).has_value());
}

TEST_CASE("a flood of log lines is looked at only in part") {
    TextEvidence evidence;
    for (int count = 0; count < 60; ++count) {
        evidence.add(TextOrigin::log_line, "fine", fact_now);
    }
    for (int count = 0; count < 10; ++count) {
        evidence.add(TextOrigin::log_line, "ECONNREFUSED", fact_now);
    }
    CHECK_FALSE(evidence.suspected_downstream(fact_now).has_value());
}

TEST_CASE("what a connector says of a failure in its result becomes a cause") {
    const std::pair<const char*, const char*> kinds[] = {
        {"auth", "GH-A103"}, {"outage", "GH-D205"},  {"rate_limit", "GH-D206"}, {"dns", "GH-D201"},
        {"tls", "GH-D203"},  {"refused", "GH-D202"}, {"timeout", "GH-D204"}};
    for (const auto& [kind, code] : kinds) {
        const std::string result = std::string(R"({"content":[],"isError":true,"_meta":{)") +
                                   R"("dev.gatehouse\/failure":{"kind":")" + kind +
                                   R"(","host":"api.example.com","retry_after_s":30}}})";
        const auto failure = failure_of_result(result);
        REQUIRE(failure.has_value());
        CHECK(failure->error.code == code);
        CHECK(failure->host == "api.example.com");
        CHECK(failure->retry_after == seconds(30));
    }
    const auto forbidden = failure_of_result(
        R"({"_meta":{"dev.gatehouse/failure":{"kind":"auth","http_status":403}}})");
    REQUIRE(forbidden.has_value());
    CHECK(forbidden->error.code == "GH-A104");
    CHECK(forbidden->http_status == 403);
    CHECK_FALSE(forbidden->retry_after.has_value());
}

TEST_CASE("a result that only mentions the key, or misuses it, says nothing") {
    for (
        const char* result :
        {R"({"content":[{"type":"text","text":"\"dev.gatehouse/failure\": {\"kind\":\"auth\"}"}]})",
         R"({"_meta":{"dev.gatehouse/failure":"auth"}})",
         R"({"_meta":{"dev.gatehouse/failure":{"kind":"anything"}}})",
         R"({"_meta":{"dev.gatehouse/failure":{"kind":7}}})",
         R"({"structuredContent":{"_meta":{"dev.gatehouse/failure":{"kind":"auth"}}}})",
         R"({"_meta":{"dev.gatehouse/failure":{"kind":"auth"}})", R"([1,"dev.gatehouse/failure"])",
         "dev.gatehouse/failure", ""}) {
        INFO(result);
        CHECK_FALSE(failure_of_result(result).has_value());
    }
    const auto odd = failure_of_result(
        R"({"_meta":{"dev.gatehouse/failure":{"kind":"dns","http_status":1e9,"retry_after_s":-3}}})");
    REQUIRE(odd.has_value());
    CHECK(odd->http_status == 0);
    CHECK_FALSE(odd->retry_after.has_value());
}
