// What a connector itself says of the service behind it: a tool result with
// `_meta["dev.gatehouse/failure"]` (S3). Pure.
//
//   {"kind": "auth" | "outage" | "rate_limit" | "dns" | "tls" | "refused" | "timeout",
//    "http_status": 503, "host": "api.example.com", "retry_after_s": 30}
#pragma once

#include "runtime/health/cause_class.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::runtime {

constexpr std::string_view result_failure_key = "dev.gatehouse/failure";

struct ResultFailure {
    Error error; // GH-A103 or A104, GH-D201 to D206
    std::string host;
    int http_status = 0;
    std::optional<std::chrono::seconds> retry_after;
};

// Of a JSON-RPC `result` as text. Nothing if it says nothing, or nothing that can be read; costs
// one search in the text if the key is not in it.
std::optional<ResultFailure> failure_of_result(std::string_view result_json);

} // namespace gatehouse::runtime
