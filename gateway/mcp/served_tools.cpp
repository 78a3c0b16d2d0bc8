#include "gateway/mcp/served_tools.hpp"

#include "runtime/base/log.hpp"

#include <utility>

namespace gatehouse::gateway {

ServedTools::ServedTools(ToolTable table, const runtime::ConnectorDirectory& directory)
    : table_(std::move(table)) {
    tools_.reserve(table_.tools().size());
    for (const ExposedTool& exposed : table_.tools()) {
        ServedTool tool;
        tool.exposed = &exposed;
        tool.param_headers = find_param_headers(exposed.input_schema);
        if (!exposed.input_schema.empty() && directory.validates_arguments(exposed.connector)) {
            auto schema = JsonSchema::compile(exposed.input_schema);
            if (schema) {
                tool.schema = std::move(*schema);
            } else {
                log_warn("tool " + exposed.name + " of connector " + exposed.connector.str() +
                         ": arguments are not checked: " + to_text(schema.error()));
            }
        }
        by_name_.emplace(exposed.name, tools_.size());
        tools_.push_back(std::move(tool));
    }
}

const ServedTool* ServedTools::find(std::string_view name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : &tools_[found->second];
}

} // namespace gatehouse::gateway
