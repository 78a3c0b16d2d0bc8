// SchemaNode: one compiled subschema. Pure values, written by schema_compiler.cpp alone and read by
// schema_check.cpp. Nodes refer to each other, in circles too; SchemaProgram owns them all.
#pragma once

#include "gateway/mcp/schema_value.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <re2/re2.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gatehouse::gateway {

struct SchemaNode;

using NamedNode = std::pair<std::string_view, const SchemaNode*>;
using PatternNode = std::pair<std::unique_ptr<RE2>, const SchemaNode*>;

// Bits of SchemaNode::types; integer is a number without a fraction.
enum SchemaTypeBit : std::uint8_t {
    schema_type_null = 1,
    schema_type_boolean = 2,
    schema_type_number = 4,
    schema_type_integer = 8,
    schema_type_string = 16,
    schema_type_array = 32,
    schema_type_object = 64,
};

struct SchemaNode {
    bool never = false;     // the schema `false`
    std::uint8_t types = 0; // 0: any
    std::optional<SchemaValue> constant;
    std::optional<std::vector<SchemaValue>> enumeration;

    std::optional<long double> minimum, maximum, exclusive_minimum, exclusive_maximum, multiple_of;
    std::optional<std::uint64_t> min_length, max_length, min_items, max_items, min_properties,
        max_properties, min_contains, max_contains;
    std::unique_ptr<RE2> pattern;
    bool unique_items = false;

    std::vector<std::string_view> required;
    std::vector<NamedNode> properties; // sorted by name
    std::vector<PatternNode> pattern_properties;
    const SchemaNode* additional_properties = nullptr;
    const SchemaNode* property_names = nullptr;
    std::vector<std::pair<std::string_view, std::vector<std::string_view>>> dependent_required;
    std::vector<NamedNode> dependent_schemas;
    const SchemaNode* unevaluated_properties = nullptr;

    std::vector<const SchemaNode*> prefix_items;
    const SchemaNode* items = nullptr; // those after the prefix
    const SchemaNode* contains = nullptr;
    const SchemaNode* unevaluated_items = nullptr;

    std::vector<const SchemaNode*> all_of, any_of, one_of;
    const SchemaNode* not_schema = nullptr;
    const SchemaNode* if_schema = nullptr;
    const SchemaNode* then_schema = nullptr;
    const SchemaNode* else_schema = nullptr;
    const SchemaNode* reference = nullptr;         // $ref
    const SchemaNode* dynamic_reference = nullptr; // $dynamicRef
};

struct SchemaProgram {
    Json document; // names and constants of the nodes refer into it
    std::deque<SchemaNode> nodes;
    const SchemaNode* root = nullptr;
};

// Error GH-M420 with the pointer of what cannot be used.
Result<std::unique_ptr<SchemaProgram>> compile_schema(Json document);

// Empty: valid. Else a sentence that begins with the pointer into the instance.
std::optional<std::string> schema_problem(const SchemaNode& root, const SchemaValue& instance);

} // namespace gatehouse::gateway
