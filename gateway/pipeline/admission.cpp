#include "gateway/pipeline/admission.hpp"

#include <algorithm>
#include <cctype>

namespace gatehouse::gateway {

namespace {

std::string lower_case(std::string_view text) {
    std::string lowered(text);
    std::transform(lowered.begin(), lowered.end(), lowered.begin(), [](char c) {
        return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    });
    return lowered;
}

// "http://example.org:8080/x" → "example.org:8080"; text without a scheme stays.
std::string_view authority_of(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme != std::string_view::npos) {
        url.remove_prefix(scheme + 3);
    }
    return url.substr(0, url.find('/'));
}

// "example.org:8080" → "example.org", "[::1]:80" → "[::1]".
std::string_view host_of(std::string_view authority) {
    if (authority.starts_with('[')) {
        const auto end = authority.find(']');
        return end == std::string_view::npos ? authority : authority.substr(0, end + 1);
    }
    return authority.substr(0, authority.find(':'));
}

} // namespace

HostCheck::HostCheck(std::string_view public_url, const std::vector<std::string>& allowed_hosts)
    : hosts_{"localhost", "127.0.0.1", "[::1]"} {
    hosts_.insert(lower_case(host_of(authority_of(public_url))));
    for (const std::string& host : allowed_hosts) {
        hosts_.insert(lower_case(host_of(host)));
    }
}

bool HostCheck::allowed(std::string_view authority) const {
    const std::string_view host = host_of(authority);
    // Most clients write it in lower case.
    return hosts_.contains(host) || hosts_.contains(lower_case(host));
}

Result<CheckedRequest> HostCheck::operator()(const HttpRequest& request) const {
    const auto host = request.header("Host");
    if (!host || request.header_count("Host") != 1 || !allowed(*host)) {
        return Error{"GH-G920", "the Host of the request is not allowed", "Host",
                     host ? "'" + std::string(host->substr(0, 128)) + "'" : "absent",
                     "Use the public URL, or add the name to allowed_hosts in gatehouse.yaml"};
    }
    const auto origin = request.header("Origin");
    if (origin && !allowed(authority_of(*origin))) {
        return Error{
            "GH-G920", "the Origin of the request is not allowed", "Origin",
            "'" + std::string(origin->substr(0, 128)) + "'",
            "Add the name to allowed_hosts in gatehouse.yaml if this web page may connect"};
    }
    return CheckedRequest(request);
}

Result<AuthenticatedRequest> Authenticate::operator()(const CheckedRequest& request) const {
    if (request.http().header_count("Authorization") > 1) {
        return Error{"GH-A121", "the request has two Authorization headers", "", "",
                     "Send one: Authorization: Bearer TOKEN"};
    }
    auto principal = agents_.authenticate(request.http().header("Authorization"));
    if (!principal) {
        return std::move(principal).error();
    }
    return AuthenticatedRequest(request, std::move(*principal));
}

std::string_view virtual_server_of(std::string_view path) {
    constexpr std::string_view start = "/v/";
    constexpr std::string_view end = "/mcp";
    if (!path.starts_with(start) || !path.ends_with(end) ||
        path.size() <= start.size() + end.size()) {
        return {};
    }
    const auto name = path.substr(start.size(), path.size() - start.size() - end.size());
    return name.find('/') == std::string_view::npos ? name : std::string_view();
}

Result<RoutedRequest> Route::operator()(AuthenticatedRequest request) const {
    const auto found = servers_.find(virtual_server_of(request.http().path()));
    const bool welcome =
        found != servers_.end() &&
        audience_contains(found->second->config().audience, request.principal().name());
    if (!welcome) {
        return Error{"GH-N404", "no such virtual server", std::string(request.http().path()),
                     "it does not exist, or its audience does not include you",
                     "Check the URL, or ask the admin to add you to its audience"};
    }
    return RoutedRequest(std::move(request), found->second);
}

} // namespace gatehouse::gateway
