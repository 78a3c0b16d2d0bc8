// SchemaCheck: one walk over an instance and the schema that it must satisfy, bounded in steps and
// depth whatever either looks like. Pure; used by schema_check.cpp and schema_check_containers.cpp
// alone.
#pragma once

#include "gateway/mcp/schema_node.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::gateway {

// Where in the instance; frames live on the stack of the walk.
struct SchemaPath {
    const SchemaPath* parent = nullptr;
    std::string_view name;
    std::size_t index = 0;
    bool is_index = false;
};

// Which members and items some keyword has looked at, for the unevaluated keywords.
struct SchemaSeen {
    explicit SchemaSeen(const SchemaValue& value)
        : members(value.members.size()), items(value.items.size()) {}
    void merge(const SchemaSeen& other) {
        for (std::size_t i = 0; i < members.size(); ++i) {
            members[i] = members[i] || other.members[i];
        }
        for (std::size_t i = 0; i < items.size(); ++i) {
            items[i] = items[i] || other.items[i];
        }
    }
    std::vector<bool> members;
    std::vector<bool> items;
};

struct SchemaSpot {
    const SchemaValue& value;
    const SchemaPath* path;
    SchemaSeen* seen; // null: nobody asks
};

class SchemaCheck {
  public:
    std::optional<std::string> run(const SchemaNode& root, const SchemaValue& instance);

  private:
    bool check(const SchemaNode& node, SchemaSpot at);
    bool check_assertions(const SchemaNode& node, SchemaSpot at);
    bool check_value(const SchemaNode& node, SchemaSpot at);
    bool check_number(const SchemaNode& node, SchemaSpot at);
    bool check_string(const SchemaNode& node, SchemaSpot at);
    bool check_object(const SchemaNode& node, SchemaSpot at);
    bool check_members(const SchemaNode& node, SchemaSpot at);
    bool check_member(const SchemaNode& node, SchemaSpot at, std::size_t index);
    bool check_dependents(const SchemaNode& node, SchemaSpot at);
    bool check_array(const SchemaNode& node, SchemaSpot at);
    bool check_contains(const SchemaNode& node, SchemaSpot at);
    bool check_unique(SchemaSpot at);
    bool check_combined(const SchemaNode& node, SchemaSpot at);
    bool check_alternatives(const SchemaNode& node, SchemaSpot at);
    bool check_condition(const SchemaNode& node, SchemaSpot at);
    bool check_unevaluated(const SchemaNode& node, SchemaSpot at);
    bool check_child(const SchemaNode& node, SchemaSpot at, const SchemaPath& path,
                     const SchemaValue& value);
    // Whether the schema holds; leaves no problem behind. What it saw counts only if it holds.
    bool holds(const SchemaNode& node, SchemaSpot at);
    bool spend(std::uint64_t steps);
    bool fail(SchemaSpot at, std::string_view text, std::string_view more = {},
              std::string_view end = {});
    bool fail_limit(SchemaSpot at, std::string_view text, long double limit,
                    std::string_view end = {});

    std::uint64_t steps_ = 0;
    std::size_t depth_ = 0;
    std::size_t quiet_ = 0;
    const char* exhausted_ = nullptr;
    std::optional<std::string> problem_;
};

bool schema_regex_finds(const RE2& regex, std::string_view text);

} // namespace gatehouse::gateway
