// Exposure: which tools a virtual server shows, under which names. Pure over catalogues: rebuilt
// when a connector's tools change. Definitions pass byte-exact except name and description.
#pragma once

#include "gateway/config/gateway_config.hpp"
#include "runtime/connector_directory.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::gateway {

struct ExposedTool {
    std::string name; // what the client sees
    ConnectorName connector;
    std::string upstream_name; // what the connector calls it
    std::string definition;    // JSON object for tools/list, with the exposed name and description
    std::string input_schema;  // raw JSON of inputSchema; empty if absent
};

// One connector's tools as a virtual server exposes them. A tool whose definition is unusable (name
// not [A-Za-z0-9_.-]{1,128}) is left out, with a warning.
std::vector<ExposedTool> expose_tools(const ExposedConnector& exposed,
                                      const runtime::Catalogue& catalogue,
                                      std::vector<std::string>& warnings);

// The connector's own name of what a client would see as prefix + `base`, if the selection shows
// it; whether there is such a tool or prompt is another question.
std::optional<std::string> selected_tool(const ExposedConnector& exposed, std::string_view base);
std::optional<std::string> selected_prompt(const ExposedConnector& exposed, std::string_view base);

// All tools of one virtual server in a deterministic order; of two with one name the first stays
// and a warning names both.
class ToolTable {
  public:
    ToolTable() = default;
    ToolTable(std::vector<ExposedTool> tools, std::vector<std::string>& warnings);
    const std::vector<ExposedTool>& tools() const { return tools_; }
    const ExposedTool* find(std::string_view name) const;

  private:
    std::vector<ExposedTool> tools_;
    std::vector<std::size_t> by_name_; // indices sorted by name
};

// Whether a principal ("agent:ci", name "ci") belongs to the audience.
bool audience_contains(const Audience& audience, std::string_view agent_name);

} // namespace gatehouse::gateway
