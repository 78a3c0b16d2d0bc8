// ServedTools: the tools of one virtual server, aggregated over its connectors: names, definitions,
// argument schemas and mirrored headers. Rebuilt only when a connector's catalogue changed. One
// event loop.
#pragma once

#include "gateway/mcp/json_schema.hpp"
#include "gateway/mcp/list_page.hpp"
#include "gateway/mcp/param_headers.hpp"
#include "gateway/mcp/protocol.hpp"
#include "gateway/virtual_server/exposure.hpp"
#include "runtime/connector_directory.hpp"

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
    // The same tools in the same order, as clients of this era can read them.
    const std::vector<ListEntry>& entries(Era era) const {
        return era == Era::legacy && !legacy_entries_.empty() ? legacy_entries_ : entries_;
    }
    // The page that holds every tool; empty if one page is not enough for all.
    const std::string& whole_page(Era era) const {
        return era == Era::legacy && !legacy_entries_.empty() ? legacy_page_ : page_;
    }

  private:
    void prepare_lists();

    ToolTable table_;
    std::vector<ListEntry> entries_;
    std::string page_;
    std::vector<ListEntry> legacy_entries_; // empty: no tool differs
    std::string legacy_page_;
    std::vector<std::string> legacy_definitions_;
    std::vector<ServedTool> tools_;
    std::unordered_map<std::string_view, std::size_t> by_name_;
};

} // namespace gatehouse::gateway
