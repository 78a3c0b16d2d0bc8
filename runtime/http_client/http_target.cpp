#include "runtime/http_client/http_target.hpp"

#include <algorithm>
#include <boost/asio/ip/address_v6.hpp>
#include <charconv>

namespace gatehouse::runtime {

namespace {

constexpr std::size_t url_max_bytes = 4096;
constexpr std::size_t host_max_bytes = 253;
constexpr std::uint16_t http_port = 80;
constexpr std::uint16_t https_port = 443;

Error bad_url(std::string why) {
    return Error{"GH-C503", "the connector's URL cannot be used", "", std::move(why),
                 "write it as http://host:port/path or https://host/path"};
}

std::string lower_case(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return lower;
}

bool is_host_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

Result<void> take_scheme(std::string_view& rest, HttpTarget& target) {
    const std::size_t colon = rest.find("://");
    const std::string scheme = lower_case(rest.substr(0, colon));
    if (colon == std::string_view::npos || (scheme != "http" && scheme != "https")) {
        return bad_url("its scheme is neither http nor https");
    }
    target.scheme = scheme == "https" ? HttpScheme::https : HttpScheme::http;
    target.port = scheme == "https" ? https_port : http_port;
    rest.remove_prefix(colon + 3);
    return {};
}

Result<void> take_host(std::string_view& authority, HttpTarget& target) {
    if (authority.starts_with('[')) {
        const std::size_t end = authority.find(']');
        boost::system::error_code failure;
        const std::string inside(authority.substr(1, end == std::string_view::npos ? 0 : end - 1));
        const auto address = asio::ip::make_address_v6(inside, failure);
        if (failure || address.scope_id() != 0) {
            return bad_url("its host is no IPv6 address");
        }
        target.host = address.to_string();
        authority.remove_prefix(end + 1);
        return {};
    }
    const std::size_t end = std::min(authority.find(':'), authority.size());
    target.host = lower_case(authority.substr(0, end));
    authority.remove_prefix(end);
    const bool plain = std::all_of(target.host.begin(), target.host.end(), is_host_char);
    if (target.host.empty() || target.host.size() > host_max_bytes || !plain ||
        target.host.front() == '.' || target.host.find("..") != std::string::npos) {
        return bad_url("its host is not a host name");
    }
    return {};
}

Result<void> take_port(std::string_view rest, HttpTarget& target) {
    if (rest.empty()) {
        return {};
    }
    const std::string_view digits = rest.substr(1);
    const char* const end = digits.data() + digits.size();
    const auto [stopped, failure] = std::from_chars(digits.data(), end, target.port);
    if (rest.front() != ':' || failure != std::errc() || stopped != end || target.port == 0) {
        return bad_url("its port is not a number from 1 to 65535");
    }
    return {};
}

} // namespace

std::string HttpTarget::authority() const {
    const bool default_port = port == (scheme == HttpScheme::https ? https_port : http_port);
    const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
    return default_port ? name : name + ":" + std::to_string(port);
}

std::string HttpTarget::shown() const {
    const char* const start = scheme == HttpScheme::https ? "https://" : "http://";
    return start + authority() + path.substr(0, path.find('?'));
}

Result<HttpTarget> parse_http_target(std::string_view url) {
    if (url.size() > url_max_bytes) {
        return bad_url("it is longer than 4096 bytes");
    }
    const bool visible =
        std::all_of(url.begin(), url.end(), [](char c) { return c > 32 && c < 127; });
    if (!visible || url.find_first_of("\\\"<>^`{|}") != std::string_view::npos) {
        return bad_url("it holds a character that a URL may not hold");
    }
    if (url.find('#') != std::string_view::npos) {
        return bad_url("it has a fragment (#…), which no server ever sees");
    }
    HttpTarget target;
    if (auto taken = take_scheme(url, target); !taken) {
        return std::move(taken).error();
    }
    const std::size_t path_start = std::min(url.find_first_of("/?"), url.size());
    std::string_view authority = url.substr(0, path_start);
    if (authority.find('@') != std::string_view::npos) {
        return bad_url("it has a user or password; credentials belong in the vault");
    }
    target.path = std::string(url.substr(path_start));
    if (!target.path.starts_with('/')) {
        target.path.insert(0, 1, '/');
    }
    if (auto taken = take_host(authority, target); !taken) {
        return std::move(taken).error();
    }
    if (auto taken = take_port(authority, target); !taken) {
        return std::move(taken).error();
    }
    return target;
}

} // namespace gatehouse::runtime
