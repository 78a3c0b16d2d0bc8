#include "gateway/virtual_server/namespaced_uri.hpp"

namespace gatehouse::gateway {

namespace {

std::string uri_namespace(const ConnectorName& connector) {
    const std::string& name = connector.str();
    const bool is_scheme = !name.empty() && name.front() >= 'a' && name.front() <= 'z';
    return (is_scheme ? "" : "x-") + name + "+";
}

} // namespace

std::string namespaced_uri(const ConnectorName& connector, std::string_view uri) {
    return uri_namespace(connector).append(uri);
}

std::optional<std::string_view> uri_within_namespace(const ConnectorName& connector,
                                                     std::string_view uri) {
    const std::string start = uri_namespace(connector);
    if (!uri.starts_with(start)) {
        return std::nullopt;
    }
    return uri.substr(start.size());
}

} // namespace gatehouse::gateway
