#include "runtime/health/result_failure.hpp"

#include "runtime/base/json.hpp"

#include <array>
#include <utility>

namespace gatehouse::runtime {

namespace {

// A longer result that says so is not looked at: what a connector tells of a failure is short.
constexpr std::size_t failure_result_max_bytes = 1 << 20;
constexpr std::size_t failure_host_max_bytes = 253;
constexpr int failure_retry_max_s = 3600;

struct FailureKind {
    std::string_view kind;
    const char* code;
    const char* what;
    const char* action;
};

constexpr const char* credential_action = "set the connector's secret anew";
constexpr const char* service_action = "wait, or ask those who run the service";
constexpr std::array<FailureKind, 7> failure_kinds = {{
    {"auth", "GH-A103", "the service behind the connector refuses the credential",
     credential_action},
    {"outage", "GH-D205", "the service behind the connector failed", service_action},
    {"rate_limit", "GH-D206", "the service behind the connector asks for fewer calls",
     "call less often, or ask for a higher limit there"},
    {"dns", "GH-D201", "the service behind the connector has no address",
     "check the host name, and that egress allows it"},
    {"tls", "GH-D203", "no secure connection to the service behind the connector",
     "check the certificate there, and the clock here"},
    {"refused", "GH-D202", "the service behind the connector takes no connections", service_action},
    {"timeout", "GH-D204", "the service behind the connector does not answer in time",
     service_action},
}};

const Json* member_of(const Json* json, std::string_view key) {
    if (json == nullptr || !json->is_object()) {
        return nullptr;
    }
    const auto found = json->find(std::string(key));
    return found == json->end() ? nullptr : &*found;
}

std::string text_of(const Json* json, std::size_t max_bytes) {
    const bool usable = json != nullptr && json->is_string();
    return usable ? json->get_ref<const std::string&>().substr(0, max_bytes) : std::string();
}

// Within the bounds, or nothing.
std::optional<int> number_of(const Json* json, int least, int most) {
    if (json == nullptr || !json->is_number()) {
        return std::nullopt;
    }
    const double number = json->get<double>();
    return number >= least && number <= most ? std::optional(static_cast<int>(number))
                                             : std::nullopt;
}

ResultFailure make_failure(const FailureKind& kind, const Json& said) {
    ResultFailure failure;
    failure.host = text_of(member_of(&said, "host"), failure_host_max_bytes);
    failure.http_status = number_of(member_of(&said, "http_status"), 100, 599).value_or(0);
    if (const auto seconds = number_of(member_of(&said, "retry_after_s"), 0, failure_retry_max_s)) {
        failure.retry_after = std::chrono::seconds(*seconds);
    }
    const bool forbidden = kind.kind == "auth" && failure.http_status == 403;
    failure.error.code = forbidden ? "GH-A104" : kind.code;
    failure.error.what = kind.what;
    failure.error.where = failure.host;
    failure.error.why = failure.http_status == 0
                            ? "the connector says so"
                            : "the connector says that it answered with HTTP status " +
                                  std::to_string(failure.http_status);
    failure.error.action = kind.action;
    return failure;
}

} // namespace

std::optional<ResultFailure> failure_of_result(std::string_view result_json) {
    // A writer may escape the slash of the key, so only the part before it is searched for.
    const std::string_view before_slash =
        result_failure_key.substr(0, result_failure_key.find('/'));
    if (result_json.size() > failure_result_max_bytes ||
        result_json.find(before_slash) == std::string_view::npos) {
        return std::nullopt;
    }
    const auto result = parse_json(result_json);
    if (!result) {
        return std::nullopt;
    }
    const Json* said = member_of(member_of(&result.value(), "_meta"), result_failure_key);
    const std::string wanted = text_of(member_of(said, "kind"), 32);
    for (const FailureKind& kind : failure_kinds) {
        if (kind.kind == wanted) {
            return make_failure(kind, *said);
        }
    }
    return std::nullopt;
}

} // namespace gatehouse::runtime
