// ServedTools: what one virtual server offers, aggregated over its connectors: names, definitions,
// argument schemas and mirrored headers. Rebuilt only when a connector's catalogue changed. One
// event loop.
#pragma once

#include "gateway/config/gateway_config.hpp"
#include "gateway/mcp/json_schema.hpp"
#include "gateway/mcp/param_headers.hpp"
#include "gateway/virtual_server/exposure.hpp"
#include "runtime/base/task.hpp"
#include "runtime/connector_directory.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace gatehouse::gateway {

struct ServedTool {
    const ExposedTool* exposed = nullptr; // lives in the table of the same ServedTools
    std::optional<JsonSchema> schema;     // empty where the schema is absent or unusable
    std::vector<ParamHeader> param_headers;
};

// One immutable generation; calls in flight keep the one they started with.
class ServedTools {
  public:
    ServedTools(ToolTable table, const runtime::ConnectorDirectory& directory);
    ServedTools(const ServedTools&) = delete;
    ServedTools& operator=(const ServedTools&) = delete;
    const ServedTool* find(std::string_view name) const;
    const std::vector<ServedTool>& tools() const { return tools_; }

  private:
    ToolTable table_;
    std::vector<ServedTool> tools_;
    std::unordered_map<std::string_view, std::size_t> by_name_;
};

class VirtualServer {
  public:
    VirtualServer(Executor executor, VirtualServerConfig config,
                  runtime::ConnectorDirectory& directory);

    const VirtualServerConfig& config() const { return config_; }
    // From what is known now; never waits.
    std::shared_ptr<const ServedTools> served();
    // Starts, side by side, the connectors never seen so far (tool_name not empty: only those whose
    // prefix fits it) and waits for their tools. A connector that fails is left out and logged.
    Task<void> learn(std::string tool_name, std::chrono::milliseconds deadline);
    // The connectors' own instructions, joined.
    std::string instructions() const;

  private:
    Task<void> learn_one(ConnectorName name, std::chrono::milliseconds deadline);

    Executor executor_;
    VirtualServerConfig config_;
    runtime::ConnectorDirectory& directory_;
    std::vector<std::shared_ptr<const runtime::Catalogue>> built_from_;
    std::shared_ptr<const ServedTools> served_;
};

} // namespace gatehouse::gateway
