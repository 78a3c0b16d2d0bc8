#include "gateway/config/gateway_reader.hpp"

#include <algorithm>
#include <map>
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

void read_selection(const Field& field, NameSelection& selection) {
    const MapFields fields(field, {"allow", "deny"});
    read_globs(fields["allow"], selection.allow);
    read_globs(fields["deny"], selection.deny);
}

bool holds_wildcard(const std::string& glob) {
    return glob.find_first_of("*?") != std::string::npos;
}

// Whether the tool is shown beyond doubt; where that hangs on a wildcard, it is left to the
// catalogue.
bool is_surely_shown(const ToolSelection& tools, const std::string& tool) {
    const auto names_it = [&tool](const std::string& glob) { return glob == tool || glob == "*"; };
    const auto may_match = [&tool](const std::string& glob) {
        return glob == tool || holds_wildcard(glob);
    };
    return std::any_of(tools.allow.begin(), tools.allow.end(), names_it) &&
           std::none_of(tools.deny.begin(), tools.deny.end(), may_match);
}

// The tools that the file itself tells of, by the name that clients see: those that are renamed,
// and those that are allowed by name.
std::multimap<std::string, std::string> told_tools(const ExposedConnector& connector) {
    std::multimap<std::string, std::string> told;
    const ToolSelection& tools = connector.tools;
    for (const auto& [from, to] : tools.rename) {
        // Two that are renamed alike are reported where they are read.
        if (is_surely_shown(tools, from) && told.count(connector.prefix + to) == 0) {
            told.emplace(connector.prefix + to, from);
        }
    }
    for (const std::string& tool : tools.allow) {
        if (!holds_wildcard(tool) && tools.rename.count(tool) == 0 &&
            is_surely_shown(tools, tool)) {
            told.emplace(connector.prefix + tool, tool);
        }
    }
    return told;
}

// Of two tools with one name clients could only ever reach the first.
void check_tool_names(const Field& field, const ExposedConnector& connector,
                      const VirtualServerConfig& server) {
    std::map<std::string, std::string> taken; // how the message names who has it
    for (const ExposedConnector& other : server.connectors) {
        for (const auto& [name, tool] : told_tools(other)) {
            taken.emplace(name, runtime::shown(tool) + " of connector " +
                                    runtime::shown(other.name.str()));
        }
    }
    for (const auto& [name, tool] : told_tools(connector)) {
        const std::string label =
            runtime::shown(tool) + " of connector " + runtime::shown(connector.name.str());
        const auto [first, is_new] = taken.emplace(name, label);
        if (!is_new && first->second != label) {
            field.fail(code_conflict,
                       "tool " + label + " would be named " + runtime::shown(name) +
                           ", like tool " + first->second,
                       "Give one of them another name by 'rename', or its connector a 'prefix'");
        }
    }
}

void read_exposed_connector(const Field& item, GatewayReading& reading,
                            VirtualServerConfig& server) {
    const MapFields fields(item, {"name", "prefix", "tools", "prompts", "resources"});
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
    read_selection(fields["prompts"], connector.prompts);
    read_selection(fields["resources"], connector.resources);
    check_tool_names(fields["tools"], connector, server);
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
