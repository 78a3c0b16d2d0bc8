#include "gateway/mcp/served_tools.hpp"

#include "gateway/virtual_server/definition.hpp"
#include "runtime/base/log.hpp"
#include "runtime/session/json_scan.hpp"

#include <utility>

namespace gatehouse::gateway {

namespace {

// Until 2025-11-25 the schema of a structured result is one of an object, and clients of that time
// refuse the whole list over another.
bool legacy_clients_refuse(std::string_view definition) {
    const auto schema = runtime::find_member(definition, "outputSchema");
    const auto type = schema ? runtime::find_member(*schema, "type") : std::nullopt;
    return schema && (!type || runtime::string_value(*type) != "object");
}

std::string join_whole_page(const std::vector<ListEntry>& entries) {
    std::vector<const ListEntry*> all;
    all.reserve(entries.size());
    for (const ListEntry& entry : entries) {
        all.push_back(&entry);
    }
    auto page = list_page({"", runtime::ListKind::tools}, all, "");
    return page && page->next_cursor.empty() ? std::move(page->items) : std::string();
}

} // namespace

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
    prepare_lists();
}

void ServedTools::prepare_lists() {
    entries_.reserve(tools_.size());
    legacy_definitions_.reserve(tools_.size()); // the entries look into them
    for (const ServedTool& tool : tools_) {
        const ExposedTool& exposed = *tool.exposed;
        entries_.push_back(
            {exposed.name, &exposed.connector, exposed.upstream_name, exposed.definition, {}});
    }
    page_ = join_whole_page(entries_);
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        if (legacy_clients_refuse(entries_[i].definition)) {
            legacy_entries_ = legacy_entries_.empty() ? entries_ : std::move(legacy_entries_);
            legacy_definitions_.push_back(without_member(entries_[i].definition, "outputSchema"));
            legacy_entries_[i].definition = legacy_definitions_.back();
        }
    }
    legacy_page_ = join_whole_page(legacy_entries_);
}

const ServedTool* ServedTools::find(std::string_view name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : &tools_[found->second];
}

} // namespace gatehouse::gateway
