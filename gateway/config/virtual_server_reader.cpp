#include "gateway/config/gateway_reader.hpp"

#include <algorithm>
#include <set>

namespace gatehouse::gateway {

namespace {

using runtime::Field;
using runtime::MapFields;

constexpr const char* code_conflict = "GH-C508";

// The characters that MCP recommends for tool names.
bool is_tool_text(const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-' || c == '.';
    });
}

void read_rename(const Field& field, ToolSelection& tools) {
    std::set<std::string> targets;
    for (const auto& [from, value] : read_entries(field)) {
        std::string to;
        if (!read_text(value, to, {.max_bytes = 128})) {
            continue;
        }
        if (!is_tool_text(to)) {
            value.fail("GH-C506", runtime::shown(to) + " is not a tool name",
                       "Use letters, digits, '_', '-' and '.', at most 128");
        }
        if (!targets.insert(to).second) {
            value.fail(code_conflict, "a second tool renamed to " + runtime::shown(to),
                       "Rename one of them");
        }
        tools.rename[from] = std::move(to);
    }
}

void read_tools(const Field& field, ToolSelection& tools) {
    const MapFields fields(field, {"allow", "deny", "rename", "describe"});
    read_globs(fields["allow"], tools.allow);
    read_globs(fields["deny"], tools.deny);
    read_rename(fields["rename"], tools);
    read_text_map(fields["describe"], tools.describe);
}

void read_exposed_connector(const Field& item, GatewayReading& reading,
                            VirtualServerConfig& server) {
    const MapFields fields(item, {"name", "prefix", "tools"});
    const Field name_field = fields.required("name");
    ExposedConnector connector;
    std::string name;
    if (read_name(name_field, name)) {
        connector.name = ConnectorName(name);
        connector.prefix = name + "_";
        note_reference(reading, NameReference::Kind::connector, name_field);
        const bool again = std::any_of(
            server.connectors.begin(), server.connectors.end(),
            [&](const ExposedConnector& other) { return other.name == connector.name; });
        if (again) {
            name_field.fail(code_conflict, "the connector is already in this virtual server",
                            "Remove one of them");
        }
    }
    const Field prefix = fields["prefix"];
    if (read_text(prefix, connector.prefix, {.min_bytes = 0, .max_bytes = 64}) &&
        !is_tool_text(connector.prefix)) {
        prefix.fail("GH-C506", runtime::shown(connector.prefix) + " cannot begin a tool name",
                    "Use letters, digits, '_', '-' and '.'; \"\" for none");
    }
    read_tools(fields["tools"], connector.tools);
    server.connectors.push_back(std::move(connector));
}

void read_audience(const Field& field, Audience& audience) {
    const MapFields fields(field, {"agents", "everyone"});
    for (const Field& item : read_list(fields["agents"])) {
        std::string agent;
        if (read_name(item, agent)) {
            audience.agents.push_back(std::move(agent));
        }
    }
    read_boolean(fields["everyone"], audience.everyone);
}

void read_virtual_server(const Field& item, GatewayReading& reading) {
    const MapFields fields(item, {"name", "title", "audience", "connectors"});
    const Field name_field = fields.required("name");
    VirtualServerConfig server;
    std::string name;
    if (read_name(name_field, name)) {
        server.name = VirtualServerName(name);
        const auto& others = reading.config.virtual_servers;
        if (std::any_of(others.begin(), others.end(),
                        [&](const auto& other) { return other.name == server.name; })) {
            name_field.fail(code_conflict, "a second virtual server named " + runtime::shown(name),
                            "Rename one of them");
        }
    }
    server.title = name;
    read_text(fields["title"], server.title);
    read_audience(fields["audience"], server.audience);
    for (const Field& connector : read_list(fields.required("connectors"))) {
        read_exposed_connector(connector, reading, server);
    }
    reading.config.virtual_servers.push_back(std::move(server));
}

} // namespace

void read_virtual_servers(const Field& list, GatewayReading& reading) {
    for (const Field& item : read_list(list)) {
        read_virtual_server(item, reading);
    }
}

void read_globs(const Field& list, std::vector<std::string>& out) {
    read_texts(list, out, {.max_bytes = 256});
}

void note_reference(GatewayReading& reading, NameReference::Kind kind, const Field& field) {
    reading.references.push_back({kind, field.node().text, field.node().place, field.path()});
}

} // namespace gatehouse::gateway
