// SchemaCompiler: JSON Schema text to nodes. Walks every subschema once, notes where $id and
// $anchor are, then joins the references; those that point outside the document are an error. Pure.
#pragma once

#include "gateway/mcp/schema_node.hpp"

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

namespace gatehouse::gateway {

class SchemaCompiler {
  public:
    explicit SchemaCompiler(SchemaProgram& program);
    // Error GH-M420.
    Result<void> compile();

  private:
    // Where a value is: its base URI for references, and its JSON Pointer for messages.
    struct Place {
        const Json* json;
        std::string base;
        std::string pointer;
    };
    using NodeSlot = const SchemaNode* SchemaNode::*;
    using Handler = void (SchemaCompiler::*)(SchemaNode& node, const Place& at);
    struct PendingReference {
        SchemaNode* node;
        NodeSlot slot;
        Place at; // of the $ref
    };

    static Handler handler_of(std::string_view keyword);
    static Place step(const Place& at, std::string_view token, const Json& json);
    const SchemaNode* subschema(const Place& at);
    void compile_keywords(SchemaNode& node, const Place& at);
    void note_identifiers(Place& at);
    void join(const PendingReference& reference);
    const SchemaNode* target(const Place& at, const std::string& text);
    const SchemaNode* pointer_target(Place resource, const std::string& fragment, const Place& at);
    const SchemaNode* fail(const Place& at, const std::string& why);

    std::unique_ptr<RE2> pattern(const std::string& text, const Place& at);
    std::optional<std::uint64_t> count(const Place& at);
    std::optional<long double> number(const Place& at);
    std::vector<std::string_view> names(const Place& at);
    std::vector<const SchemaNode*> subschemas(const Place& at);
    std::vector<NamedNode> named_subschemas(const Place& at);

    template <NodeSlot slot>
    void set_subschema(SchemaNode& node, const Place& at) {
        node.*slot = subschema(at);
    }
    template <std::vector<const SchemaNode*> SchemaNode::* slot>
    void set_subschemas(SchemaNode& node, const Place& at) {
        node.*slot = subschemas(at);
    }
    template <std::optional<std::uint64_t> SchemaNode::* slot>
    void set_count(SchemaNode& node, const Place& at) {
        node.*slot = count(at);
    }
    template <std::optional<long double> SchemaNode::* slot>
    void set_number(SchemaNode& node, const Place& at) {
        node.*slot = number(at);
    }
    template <NodeSlot slot>
    void set_reference(SchemaNode& node, const Place& at) {
        pending_.push_back(PendingReference{&node, slot, at});
    }
    void set_type(SchemaNode& node, const Place& at);
    void set_enum(SchemaNode& node, const Place& at);
    void set_const(SchemaNode& node, const Place& at);
    void set_multiple_of(SchemaNode& node, const Place& at);
    void set_pattern(SchemaNode& node, const Place& at);
    void set_unique_items(SchemaNode& node, const Place& at);
    void set_required(SchemaNode& node, const Place& at);
    void set_properties(SchemaNode& node, const Place& at);
    void set_pattern_properties(SchemaNode& node, const Place& at);
    void set_dependent_required(SchemaNode& node, const Place& at);
    void set_dependent_schemas(SchemaNode& node, const Place& at);
    void set_dependencies(SchemaNode& node, const Place& at);
    void set_items(SchemaNode& node, const Place& at);
    void set_definitions(SchemaNode& node, const Place& at);

    SchemaProgram& program_;
    bool legacy_ = false; // $schema names draft-07 or older: $ref silences what is beside it
    std::unordered_map<const Json*, const SchemaNode*> compiled_;
    std::map<std::string, Place> resources_; // by URI
    std::map<std::string, Place> anchors_;   // by URI#name
    std::map<std::string, const Json*> dynamic_anchors_;
    std::vector<PendingReference> pending_;
    std::optional<Error> error_;
};

} // namespace gatehouse::gateway
