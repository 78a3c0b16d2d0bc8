#include "runtime/http_client/http_failures.hpp"

#include "runtime/base/units.hpp"

namespace gatehouse::runtime::http_failures {

namespace {

constexpr std::size_t shown_max_bytes = 256;

// The host of a URL, for the message; never its path or query, which may hold a key.
std::string host_of(std::string_view location) {
    const std::size_t start = location.find("://");
    if (start == std::string_view::npos) {
        return "the same host";
    }
    std::string_view authority = location.substr(start + 3);
    authority = authority.substr(0, authority.find_first_of("/?#"));
    const std::size_t user = authority.rfind('@');
    authority.remove_prefix(user == std::string_view::npos ? 0 : user + 1);
    return std::string(authority.substr(0, shown_max_bytes));
}

} // namespace

Error no_address(const HttpTarget& target, std::string why) {
    return Error{"GH-D201", "the connector's host name has no address", target.host, std::move(why),
                 "check the host in the connector's URL, and this machine's DNS"};
}

Error not_connected(const HttpTarget& target, boost::system::error_code code) {
    return Error{"GH-D202", "the connector's server does not take connections", target.authority(),
                 code.message(), "check that it runs and listens on that port"};
}

Error broken(const HttpTarget& target, std::string why) {
    return Error{"GH-D202", "the connection to the connector's server broke", target.authority(),
                 std::move(why), "see the server's log"};
}

Error timed_out(const HttpTarget& target, std::string_view doing) {
    return Error{"GH-D204", "the connector's server did not answer in time", target.authority(),
                 std::string(doing) + " took too long",
                 "see the server's log, or raise run.timeouts.call in the connector's manifest"};
}

Error credential_refused(const HttpTarget& target) {
    return Error{"GH-A103", "the connector's server does not accept the credential",
                 target.authority(), "it answered with HTTP status 401",
                 "set the connector's secret anew, and check which header the server wants it in"};
}

Error access_refused(const HttpTarget& target) {
    return Error{"GH-A104", "the connector's server refuses access", target.authority(),
                 "it answered with HTTP status 403",
                 "check what the credential may do there, and the server's list of allowed hosts"};
}

Error server_error(const HttpTarget& target, unsigned status) {
    return Error{"GH-D205", "the connector's server failed", target.authority(),
                 "it answered with HTTP status " + std::to_string(status), "see the server's log"};
}

Error rate_limited(const HttpTarget& target) {
    return Error{"GH-D206", "the connector's server asks for fewer calls", target.authority(),
                 "it answered with HTTP status 429", "wait, and call less often"};
}

Error address_refused(const HttpTarget& target, std::string address, std::string_view rule) {
    return Error{
        "GH-D208", "the gateway does not connect to this address", target.host,
        std::move(address) + " is not a public address (" + std::string(rule) + ")",
        "if it is meant to be there, set run.remote.allow_private in the connector's manifest"};
}

Error redirected(const HttpTarget& target, unsigned status, std::string_view location) {
    return Error{"GH-D209", "the connector's server wants to redirect, which is not followed",
                 target.authority(),
                 "it answered with HTTP status " + std::to_string(status) + " to " +
                     host_of(location),
                 "put the final URL into the connector's manifest"};
}

Error unexpected_status(const HttpTarget& target, unsigned status) {
    return Error{"GH-D210", "the connector's server does not answer as an MCP endpoint",
                 target.authority(), "it answered with HTTP status " + std::to_string(status),
                 "check the path of the connector's URL, and the server's log"};
}

Error bad_answer(const HttpTarget& target, std::string why) {
    return Error{"GH-M403", "the answer of the connector's server is not valid HTTP",
                 target.authority(), std::move(why), "report it to the connector's author"};
}

Error answer_too_long(const HttpTarget& target, std::size_t max_bytes) {
    return Error{"GH-M402", "the connector's answer is too long", target.authority(),
                 "it is longer than the limit of " + size_text(max_bytes),
                 "ask for less, or raise limits.result in gatehouse.yaml"};
}

Error too_many_connections(const HttpTarget& target, std::size_t max_count) {
    return Error{"GH-R701", "too many connections to the connector's server are in use",
                 target.authority(), std::to_string(max_count) + " are open",
                 "repeat the call later, or lower run.concurrency in the connector's manifest"};
}

Error bad_request_header(const HttpTarget& target, std::string name) {
    return Error{
        "GH-C503", "a header for the connector's server cannot be sent", target.authority(),
        "the header '" + std::move(name) + "' has a name or value that HTTP does not allow",
        "correct it in the connector's manifest"};
}

Error aborted() {
    return Error{"GH-R704", "the call was cancelled by its caller", "", "", ""};
}

Error cut(const HttpTarget& target, const WaitLimit& limit, std::string_view doing) {
    return limit.cut() == WaitCut::aborted ? aborted() : timed_out(target, doing);
}

} // namespace gatehouse::runtime::http_failures
