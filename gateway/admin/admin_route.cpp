#include "gateway/admin/admin_route.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

namespace gatehouse::gateway {

namespace {

constexpr std::string_view api_prefix = "/api/v1/";

struct RouteEntry {
    std::string_view method;
    std::string_view shape; // segments after the prefix; "*" stands for one name
    AdminOperation operation;
};

constexpr std::array<RouteEntry, 22> route_table{{
    {"GET", "status", AdminOperation::status},
    {"GET", "connectors", AdminOperation::connectors},
    {"GET", "connectors/*", AdminOperation::connector},
    {"POST", "connectors/*/start", AdminOperation::connector_start},
    {"POST", "connectors/*/stop", AdminOperation::connector_stop},
    {"POST", "connectors/*/restart", AdminOperation::connector_restart},
    {"POST", "connectors/*/wake", AdminOperation::connector_wake},
    {"GET", "connectors/*/detail", AdminOperation::connector_detail},
    {"GET", "connectors/*/logs", AdminOperation::connector_logs},
    {"GET", "connectors/*/crashes", AdminOperation::connector_crashes},
    {"GET", "connectors/*/tools", AdminOperation::connector_tools},
    {"POST", "connectors/*/call", AdminOperation::connector_call},
    {"GET", "events", AdminOperation::events},
    {"POST", "reload", AdminOperation::reload},
    {"GET", "explain/*", AdminOperation::explain},
    {"GET", "doctor", AdminOperation::doctor},
    {"GET", "agents", AdminOperation::agents},
    {"POST", "agents", AdminOperation::agent_create},
    {"DELETE", "agents/*", AdminOperation::agent_remove},
    {"GET", "secrets", AdminOperation::secrets},
    {"PUT", "secrets/*", AdminOperation::secret_set},
    {"DELETE", "secrets/*", AdminOperation::secret_remove},
}};

std::vector<std::string_view> route_segments(std::string_view path) {
    std::vector<std::string_view> segments;
    std::size_t begin = 0;
    while (begin <= path.size()) {
        const std::size_t end = std::min(path.find('/', begin), path.size());
        segments.push_back(path.substr(begin, end - begin));
        begin = end + 1;
    }
    return segments;
}

// The name in the path if it has the shape; an empty text if the shape has no name.
std::optional<std::string_view> fit_shape(std::string_view shape, std::string_view path) {
    const auto wanted = route_segments(shape);
    const auto given = route_segments(path);
    if (wanted.size() != given.size()) {
        return std::nullopt;
    }
    std::string_view name;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (wanted[i] == "*") {
            name = given[i];
        } else if (wanted[i] != given[i]) {
            return std::nullopt;
        }
    }
    return name;
}

AdminRefusal refuse_path(std::string_view path) {
    return {404, "",
            Error{"GH-N404", "no such resource", std::string(path.substr(0, 200)), "",
                  "The resources are /api/v1/status, connectors, events, reload, explain, doctor, "
                  "agents and secrets"}};
}

AdminRefusal refuse_method(std::string_view method, std::string_view path, std::string allow) {
    Error error{"GH-N405", "method not allowed", std::string(path.substr(0, 200)),
                "'" + std::string(method.substr(0, 20)) + "' does nothing here",
                "Use one of: " + allow};
    return {405, std::move(allow), std::move(error)};
}

AdminRefusal refuse_name(std::string_view name) {
    return {400, "",
            Error{"GH-N400", "not a usable name", std::string(name.substr(0, 80)),
                  "names have letters, digits, '.', '_' and '-', at most 64",
                  "Check the spelling"}};
}

} // namespace

bool plausible_admin_name(std::string_view name) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    };
    return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), fits);
}

std::variant<AdminRoute, AdminRefusal> match_admin_route(std::string_view method,
                                                         std::string_view path) {
    if (!path.starts_with(api_prefix)) {
        return refuse_path(path);
    }
    const std::string_view rest = path.substr(api_prefix.size());
    std::string allowed;
    for (const RouteEntry& entry : route_table) {
        const auto name = fit_shape(entry.shape, rest);
        if (!name) {
            continue;
        }
        if (entry.method != method) {
            allowed += (allowed.empty() ? "" : ", ") + std::string(entry.method);
            continue;
        }
        if (entry.shape.find('*') != std::string_view::npos && !plausible_admin_name(*name)) {
            return refuse_name(*name);
        }
        return AdminRoute{entry.operation, std::string(*name)};
    }
    if (allowed.empty()) {
        return refuse_path(path);
    }
    return refuse_method(method, path, std::move(allowed));
}

} // namespace gatehouse::gateway
