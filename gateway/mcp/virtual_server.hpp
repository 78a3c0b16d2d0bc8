// VirtualServer: one client-facing endpoint's view of its connectors: what it offers to whom, and
// to which connector a name or URI belongs. One event loop.
#pragma once

#include "gateway/config/gateway_config.hpp"
#include "gateway/mcp/served_tools.hpp"
#include "runtime/base/task.hpp"
#include "runtime/connector_directory.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace gatehouse::gateway {

// To which connector a prompt or a URI belongs, and what it is called there.
struct ServedTarget {
    ConnectorName connector;
    std::string upstream_name;
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
