// What each keyword of a schema means to its node.
#include "gateway/mcp/schema_compiler.hpp"

#include <algorithm>

namespace gatehouse::gateway {

namespace {

constexpr std::int64_t schema_pattern_max_memory_bytes = 1 << 20;

bool are_hex_digits(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    });
}

// RE2 writes \u00e9 as \x{00e9}; all else that both know is written the same.
std::string re2_syntax(std::string_view ecma) {
    std::string result;
    for (std::size_t i = 0; i < ecma.size(); ++i) {
        if (ecma[i] != '\\' || i + 1 == ecma.size()) {
            result.push_back(ecma[i]);
            continue;
        }
        if (ecma[i + 1] == 'u' && i + 5 < ecma.size() && are_hex_digits(ecma.substr(i + 2, 4))) {
            result.append("\\x{").append(ecma.substr(i + 2, 4)).append("}");
            i += 5;
            continue;
        }
        result.append(ecma.substr(i, 2));
        ++i;
    }
    return result;
}

std::uint8_t schema_type_bit(const Json& name) {
    static constexpr std::pair<const char*, SchemaTypeBit> names[] = {
        {"null", schema_type_null},     {"boolean", schema_type_boolean},
        {"number", schema_type_number}, {"integer", schema_type_integer},
        {"string", schema_type_string}, {"array", schema_type_array},
        {"object", schema_type_object},
    };
    for (const auto& [text, bit] : names) {
        if (name == text) {
            return bit;
        }
    }
    return 0;
}

} // namespace

SchemaCompiler::Handler SchemaCompiler::handler_of(std::string_view keyword) {
    using C = SchemaCompiler;
    using N = SchemaNode;
    static const std::unordered_map<std::string_view, Handler> handlers = {
        {"$ref", &C::set_reference<&N::reference>},
        {"$dynamicRef", &C::set_reference<&N::dynamic_reference>},
        {"$defs", &C::set_definitions},
        {"definitions", &C::set_definitions},
        {"type", &C::set_type},
        {"enum", &C::set_enum},
        {"const", &C::set_const},
        {"minimum", &C::set_number<&N::minimum>},
        {"maximum", &C::set_number<&N::maximum>},
        {"exclusiveMinimum", &C::set_number<&N::exclusive_minimum>},
        {"exclusiveMaximum", &C::set_number<&N::exclusive_maximum>},
        {"multipleOf", &C::set_multiple_of},
        {"minLength", &C::set_count<&N::min_length>},
        {"maxLength", &C::set_count<&N::max_length>},
        {"minItems", &C::set_count<&N::min_items>},
        {"maxItems", &C::set_count<&N::max_items>},
        {"minProperties", &C::set_count<&N::min_properties>},
        {"maxProperties", &C::set_count<&N::max_properties>},
        {"minContains", &C::set_count<&N::min_contains>},
        {"maxContains", &C::set_count<&N::max_contains>},
        {"pattern", &C::set_pattern},
        {"uniqueItems", &C::set_unique_items},
        {"required", &C::set_required},
        {"properties", &C::set_properties},
        {"patternProperties", &C::set_pattern_properties},
        {"additionalProperties", &C::set_subschema<&N::additional_properties>},
        {"propertyNames", &C::set_subschema<&N::property_names>},
        {"dependentRequired", &C::set_dependent_required},
        {"dependentSchemas", &C::set_dependent_schemas},
        {"dependencies", &C::set_dependencies},
        {"unevaluatedProperties", &C::set_subschema<&N::unevaluated_properties>},
        {"prefixItems", &C::set_subschemas<&N::prefix_items>},
        {"items", &C::set_items},
        {"contains", &C::set_subschema<&N::contains>},
        {"unevaluatedItems", &C::set_subschema<&N::unevaluated_items>},
        {"allOf", &C::set_subschemas<&N::all_of>},
        {"anyOf", &C::set_subschemas<&N::any_of>},
        {"oneOf", &C::set_subschemas<&N::one_of>},
        {"not", &C::set_subschema<&N::not_schema>},
        {"if", &C::set_subschema<&N::if_schema>},
        {"then", &C::set_subschema<&N::then_schema>},
        {"else", &C::set_subschema<&N::else_schema>},
    };
    const auto found = handlers.find(keyword);
    return found == handlers.end() ? nullptr : found->second;
}

std::unique_ptr<RE2> SchemaCompiler::pattern(const std::string& text, const Place& at) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(schema_pattern_max_memory_bytes);
    auto compiled = std::make_unique<RE2>(re2_syntax(text), options);
    if (!compiled->ok()) {
        fail(at, "the pattern '" + text + "' is not supported: " + compiled->error());
    }
    return compiled;
}

std::optional<std::uint64_t> SchemaCompiler::count(const Place& at) {
    const auto value = number(at);
    if (!value || *value < 0 || *value > 1e18L ||
        static_cast<long double>(static_cast<std::uint64_t>(*value)) != *value) {
        fail(at, "this keyword takes a whole number from 0");
        return std::nullopt;
    }
    return static_cast<std::uint64_t>(*value);
}

std::optional<long double> SchemaCompiler::number(const Place& at) {
    if (!at.json->is_number()) {
        fail(at, "this keyword takes a number");
        return std::nullopt;
    }
    return schema_value_of(*at.json).number;
}

std::vector<std::string_view> SchemaCompiler::names(const Place& at) {
    std::vector<std::string_view> result;
    if (!at.json->is_array()) {
        fail(at, "this keyword takes a list of names");
        return result;
    }
    for (const Json& name : *at.json) {
        if (!name.is_string()) {
            fail(at, "this keyword takes a list of names");
            return result;
        }
        result.emplace_back(name.get_ref<const std::string&>());
    }
    return result;
}

std::vector<const SchemaNode*> SchemaCompiler::subschemas(const Place& at) {
    std::vector<const SchemaNode*> result;
    if (!at.json->is_array()) {
        fail(at, "this keyword takes a list of schemas");
        return result;
    }
    for (std::size_t i = 0; i < at.json->size(); ++i) {
        result.push_back(subschema(step(at, std::to_string(i), (*at.json)[i])));
    }
    return result;
}

std::vector<NamedNode> SchemaCompiler::named_subschemas(const Place& at) {
    std::vector<NamedNode> result;
    if (!at.json->is_object()) {
        fail(at, "this keyword takes an object of schemas");
        return result;
    }
    for (const auto& [name, schema] : at.json->items()) {
        result.emplace_back(name, subschema(step(at, name, schema)));
    }
    std::sort(result.begin(), result.end(),
              [](const NamedNode& a, const NamedNode& b) { return a.first < b.first; });
    return result;
}

void SchemaCompiler::set_type(SchemaNode& node, const Place& at) {
    if (at.json->is_array()) {
        for (const Json& name : *at.json) {
            node.types |= schema_type_bit(name);
        }
    } else {
        node.types = schema_type_bit(*at.json);
    }
    const bool all_known =
        at.json->is_array()
            ? std::all_of(at.json->begin(), at.json->end(),
                          [](const Json& name) { return schema_type_bit(name) != 0; })
            : node.types != 0;
    if (!all_known || node.types == 0) {
        fail(at, "type takes the names null, boolean, number, integer, string, array and object");
    }
}

void SchemaCompiler::set_enum(SchemaNode& node, const Place& at) {
    if (!at.json->is_array()) {
        fail(at, "enum takes a list");
        return;
    }
    node.enumeration.emplace();
    for (const Json& value : *at.json) {
        node.enumeration->push_back(schema_value_of(value));
    }
}

void SchemaCompiler::set_const(SchemaNode& node, const Place& at) {
    node.constant = schema_value_of(*at.json);
}

void SchemaCompiler::set_multiple_of(SchemaNode& node, const Place& at) {
    node.multiple_of = number(at);
    if (node.multiple_of && !(*node.multiple_of > 0)) {
        fail(at, "multipleOf takes a number above 0");
    }
}

void SchemaCompiler::set_pattern(SchemaNode& node, const Place& at) {
    if (!at.json->is_string()) {
        fail(at, "pattern takes a string");
        return;
    }
    node.pattern = pattern(at.json->get_ref<const std::string&>(), at);
}

void SchemaCompiler::set_unique_items(SchemaNode& node, const Place& at) {
    if (!at.json->is_boolean()) {
        fail(at, "uniqueItems takes true or false");
        return;
    }
    node.unique_items = at.json->get<bool>();
}

void SchemaCompiler::set_required(SchemaNode& node, const Place& at) {
    node.required = names(at);
}

void SchemaCompiler::set_properties(SchemaNode& node, const Place& at) {
    node.properties = named_subschemas(at);
}

void SchemaCompiler::set_pattern_properties(SchemaNode& node, const Place& at) {
    for (const auto& [text, schema] : named_subschemas(at)) {
        node.pattern_properties.emplace_back(pattern(std::string(text), at), schema);
    }
}

void SchemaCompiler::set_dependent_required(SchemaNode& node, const Place& at) {
    if (!at.json->is_object()) {
        fail(at, "dependentRequired takes an object of lists of names");
        return;
    }
    for (const auto& [name, list] : at.json->items()) {
        node.dependent_required.emplace_back(name, names(step(at, name, list)));
    }
}

void SchemaCompiler::set_dependent_schemas(SchemaNode& node, const Place& at) {
    for (const NamedNode& named : named_subschemas(at)) {
        node.dependent_schemas.push_back(named);
    }
}

// The two keywords above as draft-07 wrote them.
void SchemaCompiler::set_dependencies(SchemaNode& node, const Place& at) {
    if (!at.json->is_object()) {
        fail(at, "dependencies takes an object");
        return;
    }
    for (const auto& [name, value] : at.json->items()) {
        const Place entry = step(at, name, value);
        if (value.is_array()) {
            node.dependent_required.emplace_back(name, names(entry));
        } else {
            node.dependent_schemas.emplace_back(name, subschema(entry));
        }
    }
}

// A list is draft-07's prefixItems.
void SchemaCompiler::set_items(SchemaNode& node, const Place& at) {
    if (at.json->is_array()) {
        node.prefix_items = subschemas(at);
    } else {
        node.items = subschema(at);
    }
}

void SchemaCompiler::set_definitions(SchemaNode&, const Place& at) {
    static_cast<void>(named_subschemas(at));
}

} // namespace gatehouse::gateway
