#include "gateway/virtual_server/exposure.hpp"

#include "gateway/policy/policy.hpp"
#include "gateway/virtual_server/definition.hpp"
#include "runtime/session/json_scan.hpp"

#include <algorithm>
#include <numeric>

namespace gatehouse::gateway {

namespace {

constexpr std::size_t tool_name_max_length = 128;
// Some clients refuse longer names, so they are told of; the protocol allows them.
constexpr std::size_t tool_name_wise_length = 64;

bool tool_name_is_valid(std::string_view name) {
    return !name.empty() && name.size() <= tool_name_max_length &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '.' || c == '-';
           });
}

bool any_glob_matches(const std::vector<std::string>& globs, std::string_view name) {
    return std::any_of(globs.begin(), globs.end(),
                       [name](const std::string& glob) { return glob_matches(glob, name); });
}

bool is_selected(const ToolSelection& selection, std::string_view name) {
    return any_glob_matches(selection.allow, name) && !any_glob_matches(selection.deny, name);
}

// A foreign name in a message: short, and without anything that could steer a terminal.
std::string shown_name(std::string_view name) {
    std::string shown(name.substr(0, tool_name_max_length));
    for (char& c : shown) {
        c = c >= 0x20 && c < 0x7F ? c : '?';
    }
    return "'" + shown + "'";
}

std::string tool_label(const ConnectorName& connector, std::string_view upstream_name) {
    return "tool " + shown_name(upstream_name) + " of connector '" + connector.str() + "'";
}

// MCP wants an inputSchema of type object in every tool. Clients that check a list refuse all of it
// over one tool without, so what is missing is put in.
Result<void> complete_input_schema(RenamedDefinition& definition) {
    constexpr std::string_view of_object = R"({"type":"object"})";
    const std::string_view schema = definition.input_schema;
    if (schema.empty()) {
        definition.text = with_member(definition.text, "inputSchema", of_object);
        return {};
    }
    const auto type = runtime::find_member(schema, "type");
    if (!type) {
        definition.text =
            with_member(definition.text, "inputSchema", with_member(schema, "type", R"("object")"));
        return {};
    }
    if (runtime::string_value(*type) != "object") {
        return Error{"GH-M406", "the tool's definition is unusable", "",
                     "its inputSchema is not of type object", "correct the connector"};
    }
    return {};
}

} // namespace

std::optional<std::string> selected_tool(const ExposedConnector& exposed, std::string_view base) {
    std::string upstream(base);
    for (const auto& [own, shown] : exposed.tools.rename) {
        if (shown == base) {
            upstream = own;
            break;
        }
    }
    const auto renamed = exposed.tools.rename.find(upstream);
    const bool has_another_name = renamed != exposed.tools.rename.end() && renamed->second != base;
    if (base.empty() || has_another_name ||
        !tool_name_is_valid(exposed.prefix + std::string(base)) ||
        !is_selected(exposed.tools, upstream)) {
        return std::nullopt;
    }
    return upstream;
}

std::optional<std::string> selected_prompt(const ExposedConnector& exposed, std::string_view base) {
    const bool shown = any_glob_matches(exposed.prompts.allow, base) &&
                       !any_glob_matches(exposed.prompts.deny, base);
    return shown && !base.empty() ? std::optional(std::string(base)) : std::nullopt;
}

std::vector<ExposedTool> expose_tools(const ExposedConnector& exposed,
                                      const runtime::Catalogue& catalogue,
                                      std::vector<std::string>& warnings) {
    std::vector<ExposedTool> tools;
    for (const runtime::Tool& tool : catalogue.tools) {
        if (!is_selected(exposed.tools, tool.name)) {
            continue;
        }
        const auto renamed = exposed.tools.rename.find(tool.name);
        const std::string& base =
            renamed == exposed.tools.rename.end() ? tool.name : renamed->second;
        const auto described = exposed.tools.describe.find(base);
        const std::string name = exposed.prefix + base;
        const std::string label = tool_label(exposed.name, tool.name);
        if (!tool_name_is_valid(name)) {
            warnings.push_back(label + " is left out: its name " + shown_name(name) +
                               " is not 1 to 128 of A-Z, a-z, 0-9, '_', '.' and '-'; rename it");
            continue;
        }
        ToolNaming naming{name, std::nullopt};
        if (described != exposed.tools.describe.end()) {
            naming.description = described->second;
        }
        auto definition = rename_definition(tool.definition, naming);
        const auto complete =
            definition ? complete_input_schema(*definition) : Result<void>(definition.error());
        if (!complete) {
            warnings.push_back(label + " is left out: " + complete.error().why);
            continue;
        }
        if (name.size() > tool_name_wise_length) {
            warnings.push_back(
                label + " has a name of " + std::to_string(name.size()) + " characters, '" + name +
                "'; some clients refuse more than 64: rename it or shorten the prefix");
        }
        tools.push_back({name, exposed.name, tool.name, std::move(definition->text),
                         std::move(definition->input_schema)});
    }
    return tools;
}

ToolTable::ToolTable(std::vector<ExposedTool> tools, std::vector<std::string>& warnings) {
    std::vector<std::size_t> order(tools.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    // Of two with one name the earlier comes first.
    std::sort(order.begin(), order.end(), [&tools](std::size_t a, std::size_t b) {
        const int names = tools[a].name.compare(tools[b].name);
        return names < 0 || (names == 0 && a < b);
    });
    std::vector<bool> dropped(tools.size(), false);
    std::size_t first = 0;
    for (std::size_t i = 1; i < order.size(); ++i) {
        const ExposedTool& kept = tools[order[first]];
        const ExposedTool& other = tools[order[i]];
        if (kept.name != other.name) {
            first = i;
            continue;
        }
        dropped[order[i]] = true;
        warnings.push_back(tool_label(other.connector, other.upstream_name) +
                           " is left out: " + tool_label(kept.connector, kept.upstream_name) +
                           " has the name '" + kept.name + "' already; rename one");
    }
    tools_.reserve(tools.size());
    for (std::size_t i = 0; i < tools.size(); ++i) {
        if (!dropped[i]) {
            tools_.push_back(std::move(tools[i]));
        }
    }
    by_name_.resize(tools_.size());
    std::iota(by_name_.begin(), by_name_.end(), std::size_t{0});
    std::sort(by_name_.begin(), by_name_.end(),
              [this](std::size_t a, std::size_t b) { return tools_[a].name < tools_[b].name; });
}

const ExposedTool* ToolTable::find(std::string_view name) const {
    const auto found = std::lower_bound(
        by_name_.begin(), by_name_.end(), name,
        [this](std::size_t index, std::string_view wanted) { return tools_[index].name < wanted; });
    return found != by_name_.end() && tools_[*found].name == name ? &tools_[*found] : nullptr;
}

bool audience_contains(const Audience& audience, std::string_view agent_name) {
    return audience.everyone || std::find(audience.agents.begin(), audience.agents.end(),
                                          agent_name) != audience.agents.end();
}

} // namespace gatehouse::gateway
