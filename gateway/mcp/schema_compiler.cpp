// Walking, identifiers and references; what each keyword means is in schema_keywords.cpp.
#include "gateway/mcp/schema_compiler.hpp"

#include "gateway/mcp/schema_uri.hpp"

#include <charconv>

namespace gatehouse::gateway {

namespace {

constexpr std::size_t schema_nodes_max_count = 20'000;

const std::string* schema_string_member(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? &found->get_ref<const std::string&>()
                                                       : nullptr;
}

bool is_legacy_dialect(const Json& document) {
    const std::string* dialect =
        document.is_object() ? schema_string_member(document, "$schema") : nullptr;
    return dialect != nullptr && dialect->find("json-schema.org/draft-0") != std::string::npos;
}

const Json* schema_json_child(const Json& json, const std::string& token) {
    if (json.is_object()) {
        const auto found = json.find(token);
        return found == json.end() ? nullptr : &*found;
    }
    std::size_t index = 0;
    const auto end = token.data() + token.size();
    const bool is_index =
        json.is_array() && !token.empty() && std::from_chars(token.data(), end, index).ptr == end;
    return is_index && index < json.size() ? &json[index] : nullptr;
}

} // namespace

SchemaCompiler::SchemaCompiler(SchemaProgram& program)
    : program_(program), legacy_(is_legacy_dialect(program.document)) {}

Result<void> SchemaCompiler::compile() {
    const Place root{&program_.document, "", ""};
    resources_.emplace("", root);
    program_.root = subschema(root);
    // Joining may compile more subschemas, which may add references.
    while (!pending_.empty() && !error_) {
        const PendingReference reference = std::move(pending_.back());
        pending_.pop_back();
        join(reference);
    }
    if (error_) {
        return *error_;
    }
    return {};
}

SchemaCompiler::Place SchemaCompiler::step(const Place& at, std::string_view token,
                                           const Json& json) {
    return Place{&json, at.base, at.pointer + "/" + json_pointer_token(token)};
}

const SchemaNode* SchemaCompiler::fail(const Place& at, const std::string& why) {
    if (!error_) {
        error_ = Error{"GH-M420", "the JSON Schema cannot be used", "#" + at.pointer, why,
                       "correct the schema in the connector; until then arguments are not checked"};
    }
    return nullptr;
}

const SchemaNode* SchemaCompiler::subschema(const Place& at) {
    const auto known = compiled_.find(at.json);
    if (error_ || known != compiled_.end()) {
        return error_ ? nullptr : known->second;
    }
    if (program_.nodes.size() >= schema_nodes_max_count) {
        return fail(at, "it has more than 20000 subschemas");
    }
    SchemaNode& node = program_.nodes.emplace_back();
    compiled_.emplace(at.json, &node);
    if (at.json->is_boolean()) {
        node.never = !at.json->get<bool>();
    } else if (at.json->is_object()) {
        compile_keywords(node, at);
    } else {
        return fail(at, "a schema is an object or a boolean");
    }
    return &node;
}

void SchemaCompiler::compile_keywords(SchemaNode& node, const Place& at) {
    Place schema = at;
    const auto reference = schema.json->find("$ref");
    if (legacy_ && reference != schema.json->end()) {
        set_reference<&SchemaNode::reference>(node, step(schema, "$ref", *reference));
        return;
    }
    note_identifiers(schema);
    for (const auto& [keyword, value] : schema.json->items()) {
        const Handler handler = handler_of(keyword);
        if (handler != nullptr && !error_) {
            (this->*handler)(node, step(schema, keyword, value));
        }
    }
    // Beside draft-07's list of items, additionalItems is what 2020-12 calls items.
    const auto items = schema.json->find("items");
    const auto additional = schema.json->find("additionalItems");
    if (items != schema.json->end() && items->is_array() && additional != schema.json->end()) {
        node.items = subschema(step(schema, "additionalItems", *additional));
    }
}

// Also moves the place's base to the schema's own $id.
void SchemaCompiler::note_identifiers(Place& at) {
    const Place outer = at;
    const std::string* id = schema_string_member(*at.json, "$id");
    if (id != nullptr) {
        const SchemaUri uri = resolve_schema_uri(at.base, *id);
        at.base = uri.base;
        if (id->starts_with('#')) { // draft-07's way to write an anchor
            anchors_.emplace(uri.base + "#" + uri.fragment, outer);
        } else {
            resources_.emplace(uri.base, at);
        }
    }
    const std::string* anchor = schema_string_member(*at.json, "$anchor");
    if (anchor != nullptr) {
        anchors_.emplace(at.base + "#" + *anchor, at);
    }
    const std::string* dynamic = schema_string_member(*at.json, "$dynamicAnchor");
    if (dynamic != nullptr) {
        anchors_.emplace(at.base + "#" + *dynamic, at);
        const auto [first, added] = dynamic_anchors_.emplace(*dynamic, at.json);
        if (!added && first->second != at.json) {
            fail(at, "the $dynamicAnchor '" + *dynamic + "' is used twice, which is not supported");
        }
    }
}

void SchemaCompiler::join(const PendingReference& reference) {
    if (!reference.at.json->is_string()) {
        fail(reference.at, "a reference is a string");
        return;
    }
    const std::string& text = reference.at.json->get_ref<const std::string&>();
    reference.node->*reference.slot = target(reference.at, text);
}

const SchemaNode* SchemaCompiler::target(const Place& at, const std::string& text) {
    const SchemaUri uri = resolve_schema_uri(at.base, text);
    const auto resource = resources_.find(uri.base);
    if (resource == resources_.end()) {
        return fail(at,
                    "the reference '" + text + "' leads out of the document, and none is fetched");
    }
    if (uri.fragment.empty() || uri.fragment.front() == '/') {
        return pointer_target(resource->second, uri.fragment, at);
    }
    const auto anchor = anchors_.find(uri.base + "#" + uri.fragment);
    if (anchor == anchors_.end()) {
        return fail(at, "nothing has the anchor of the reference '" + text + "'");
    }
    return subschema(anchor->second);
}

const SchemaNode* SchemaCompiler::pointer_target(Place resource, const std::string& fragment,
                                                 const Place& at) {
    const auto tokens = json_pointer_tokens(fragment);
    if (!tokens) {
        return fail(at, "the reference '#" + fragment + "' is no JSON Pointer");
    }
    for (std::size_t i = 0; i < tokens->size(); ++i) {
        const std::string& token = (*tokens)[i];
        const Json* child = schema_json_child(*resource.json, token);
        if (child == nullptr) {
            return fail(at, "the reference '#" + fragment + "' points at nothing");
        }
        const std::string* id = i > 0 && resource.json->is_object()
                                    ? schema_string_member(*resource.json, "$id")
                                    : nullptr;
        if (id != nullptr) {
            resource.base = resolve_schema_uri(resource.base, *id).base;
        }
        resource = step(resource, token, *child);
    }
    return subschema(resource);
}

Result<std::unique_ptr<SchemaProgram>> compile_schema(Json document) {
    auto program = std::make_unique<SchemaProgram>();
    program->document = std::move(document);
    auto compiled = SchemaCompiler(*program).compile();
    if (!compiled) {
        return std::move(compiled).error();
    }
    return program;
}

} // namespace gatehouse::gateway
