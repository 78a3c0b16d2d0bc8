#include "gateway/config/gateway_reader.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <optional>

namespace gatehouse::gateway {

namespace {

using runtime::Field;
using runtime::MapFields;

constexpr const char* code_format = "GH-C506";
// sockaddr_un.sun_path has 108 bytes with the final NUL.
constexpr std::size_t unix_path_max_bytes = 107;

struct HostPort {
    std::string host;
    std::uint16_t port = 0;
};

std::optional<HostPort> split_host_port(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos || colon == 0) {
        return std::nullopt;
    }
    HostPort out{text.substr(0, colon), 0};
    const char* end = text.data() + text.size();
    const auto [stop, problem] = std::from_chars(text.data() + colon + 1, end, out.port);
    if (problem != std::errc{} || stop != end) {
        return std::nullopt;
    }
    const bool bracketed = out.host.front() == '[' && out.host.back() == ']';
    if (bracketed) {
        out.host = out.host.substr(1, out.host.size() - 2);
    } else if (out.host.find(':') != std::string::npos) {
        return std::nullopt;
    }
    return out;
}

bool is_loopback(const std::string& host) {
    in_addr four{};
    if (::inet_pton(AF_INET, host.c_str(), &four) == 1) {
        return (ntohl(four.s_addr) >> 24) == 127;
    }
    in6_addr six{};
    return ::inet_pton(AF_INET6, host.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

void read_client(const Field& field, GatewayConfig& config) {
    std::string text;
    if (!read_text(field, text)) {
        return;
    }
    auto parsed = split_host_port(text);
    if (!parsed) {
        field.fail(code_format, runtime::shown(text) + " is not host:port",
                   "Write it like 127.0.0.1:8080");
        return;
    }
    if (parsed->host == "localhost") {
        parsed->host = "127.0.0.1";
    }
    if (!is_loopback(parsed->host)) {
        field.fail(
            code_format,
            runtime::shown(parsed->host) + " is not a loopback address, and this version has no "
                                           "TLS: tokens would cross the network in "
                                           "the clear",
            "Listen on 127.0.0.1 and put a reverse proxy with TLS in front (see public_url)");
        return;
    }
    config.listen_host = parsed->host;
    config.listen_port = parsed->port;
}

void read_admin(const Field& field, GatewayConfig& config) {
    std::string text = "unix:admin.sock";
    const std::string scheme = "unix:";
    if (field.present() && !read_text(field, text)) {
        return;
    }
    if (text.compare(0, scheme.size(), scheme) != 0 || text.size() == scheme.size()) {
        field.fail(code_format, runtime::shown(text) + " is not a Unix socket",
                   "Write it like \"unix:admin.sock\"; the path counts from the data folder");
        return;
    }
    config.admin_socket = (config.data / text.substr(scheme.size())).lexically_normal();
    if (config.admin_socket.string().size() > unix_path_max_bytes) {
        field.fail(code_format,
                   "the socket's path " + config.admin_socket.string() + " is longer than " +
                       std::to_string(unix_path_max_bytes) + " bytes, the most that Linux takes",
                   "Give a shorter absolute path, like \"unix:/run/gatehouse/admin.sock\"");
    }
}

bool is_host_text(const std::string& text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '-' || c == ':' || c == '[' || c == ']';
    });
}

void read_public_url(const Field& field, GatewayConfig& config) {
    const bool six = config.listen_host.find(':') != std::string::npos;
    const std::string host = six ? "[" + config.listen_host + "]" : config.listen_host;
    config.public_url = "http://" + host + ":" + std::to_string(config.listen_port);
    std::string url;
    if (!read_text(field, url)) {
        return;
    }
    if (url.back() == '/') {
        url.pop_back();
    }
    const std::size_t scheme_end = url.find("://");
    const std::string scheme = url.substr(0, scheme_end == std::string::npos ? 0 : scheme_end);
    if ((scheme != "http" && scheme != "https") || !is_host_text(url.substr(scheme_end + 3))) {
        field.fail(code_format, runtime::shown(url) + " is not an origin",
                   "Write scheme, host and port only, like https://gatehouse.example");
        return;
    }
    config.public_url = url;
}

} // namespace

void read_listen(const MapFields& root, GatewayConfig& config) {
    const MapFields listen(root["listen"], {"client", "admin"});
    read_client(listen["client"], config);
    read_admin(listen["admin"], config);
    read_public_url(root["public_url"], config);
    for (const Field& item : read_list(root["allowed_hosts"])) {
        std::string host;
        if (!read_text(item, host)) {
            continue;
        }
        if (!is_host_text(host)) {
            item.fail(code_format, runtime::shown(host) + " is not a host",
                      "Write a host name, or host:port");
        }
        config.allowed_hosts.push_back(std::move(host));
    }
}

} // namespace gatehouse::gateway
