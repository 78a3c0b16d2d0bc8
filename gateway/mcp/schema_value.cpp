#include "gateway/mcp/schema_value.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <simdjson.h>

namespace gatehouse::gateway {

namespace {

constexpr std::size_t schema_instance_max_depth = 128;
constexpr std::size_t schema_kept_max_bytes = 16 * 1024;

bool member_before(const SchemaMember& a, const SchemaMember& b) {
    return a.name < b.name;
}

SchemaValue value_of_element(const simdjson::dom::element& element) {
    SchemaValue value;
    switch (element.type()) {
    case simdjson::dom::element_type::ARRAY: {
        value.kind = SchemaKind::array;
        // Named first: a range made from a temporary does not outlive its expression in C++20.
        const simdjson::dom::array items = element.get_array().value_unsafe();
        for (const simdjson::dom::element item : items) {
            value.items.push_back(value_of_element(item));
        }
        break;
    }
    case simdjson::dom::element_type::OBJECT: {
        value.kind = SchemaKind::object;
        const simdjson::dom::object members = element.get_object().value_unsafe();
        for (const auto& [name, member] : members) {
            value.members.push_back(SchemaMember{name, value_of_element(member)});
        }
        std::sort(value.members.begin(), value.members.end(), member_before);
        break;
    }
    case simdjson::dom::element_type::STRING:
        value.kind = SchemaKind::string;
        value.text = element.get_string().value_unsafe();
        break;
    case simdjson::dom::element_type::INT64:
        value.kind = SchemaKind::number;
        value.number = static_cast<long double>(element.get_int64().value_unsafe());
        break;
    case simdjson::dom::element_type::UINT64:
        value.kind = SchemaKind::number;
        value.number = static_cast<long double>(element.get_uint64().value_unsafe());
        break;
    case simdjson::dom::element_type::DOUBLE:
        value.kind = SchemaKind::number;
        value.number = static_cast<long double>(element.get_double().value_unsafe());
        break;
    case simdjson::dom::element_type::BOOL:
        value.kind = SchemaKind::boolean;
        value.boolean = element.get_bool().value_unsafe();
        break;
    case simdjson::dom::element_type::NULL_VALUE:
        break;
    }
    return value;
}

std::uint64_t schema_hash_mix(std::uint64_t seed, std::uint64_t part) {
    return (seed ^ part) * 0x9e3779b97f4a7c15ULL + (seed >> 29);
}

} // namespace

const SchemaValue* SchemaValue::find(std::string_view name) const {
    const auto found = std::lower_bound(
        members.begin(), members.end(), name,
        [](const SchemaMember& member, std::string_view n) { return member.name < n; });
    return found != members.end() && found->name == name ? &found->value : nullptr;
}

bool SchemaValue::is_integer() const {
    return kind == SchemaKind::number && std::floor(number) == number;
}

bool schema_values_equal(const SchemaValue& a, const SchemaValue& b) {
    if (a.kind != b.kind) {
        return false;
    }
    switch (a.kind) {
    case SchemaKind::null:
        return true;
    case SchemaKind::boolean:
        return a.boolean == b.boolean;
    case SchemaKind::number:
        return a.number == b.number;
    case SchemaKind::string:
        return a.text == b.text;
    case SchemaKind::array:
        return std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(),
                          schema_values_equal);
    case SchemaKind::object:
        return std::equal(a.members.begin(), a.members.end(), b.members.begin(), b.members.end(),
                          [](const auto& x, const auto& y) {
                              return x.name == y.name && schema_values_equal(x.value, y.value);
                          });
    }
    return false;
}

std::uint64_t schema_value_hash(const SchemaValue& value) {
    std::uint64_t hash = schema_hash_mix(17, static_cast<std::uint64_t>(value.kind));
    switch (value.kind) {
    case SchemaKind::null:
        break;
    case SchemaKind::boolean:
        return schema_hash_mix(hash, value.boolean ? 1 : 0);
    case SchemaKind::number:
        return schema_hash_mix(hash, std::hash<double>{}(static_cast<double>(value.number)));
    case SchemaKind::string:
        return schema_hash_mix(hash, std::hash<std::string_view>{}(value.text));
    case SchemaKind::array:
        for (const SchemaValue& item : value.items) {
            hash = schema_hash_mix(hash, schema_value_hash(item));
        }
        break;
    case SchemaKind::object:
        for (const auto& [name, member] : value.members) {
            hash = schema_hash_mix(schema_hash_mix(hash, std::hash<std::string_view>{}(name)),
                                   schema_value_hash(member));
        }
        break;
    }
    return hash;
}

SchemaValue schema_value_of(const Json& json) {
    SchemaValue value;
    if (json.is_object()) {
        value.kind = SchemaKind::object;
        for (const auto& [name, member] : json.items()) {
            value.members.push_back(SchemaMember{name, schema_value_of(member)});
        }
        std::sort(value.members.begin(), value.members.end(), member_before);
    } else if (json.is_array()) {
        value.kind = SchemaKind::array;
        for (const Json& item : json) {
            value.items.push_back(schema_value_of(item));
        }
    } else if (json.is_string()) {
        value.kind = SchemaKind::string;
        value.text = json.get_ref<const std::string&>();
    } else if (json.is_number()) {
        value.kind = SchemaKind::number;
        if (json.is_number_unsigned()) {
            value.number = static_cast<long double>(json.get<std::uint64_t>());
        } else if (json.is_number_integer()) {
            value.number = static_cast<long double>(json.get<std::int64_t>());
        } else {
            value.number = static_cast<long double>(json.get<double>());
        }
    } else if (json.is_boolean()) {
        value.kind = SchemaKind::boolean;
        value.boolean = json.get<bool>();
    }
    return value;
}

struct SchemaInstance::Memory {
    simdjson::dom::parser parser;
    std::string padded; // the text with the bytes behind it that simdjson wants to read
    Json json;          // instead, for what simdjson cannot hold

    simdjson::error_code parse(std::string_view text, simdjson::dom::element& root) {
        if (parser.capacity() < text.size() || parser.capacity() == 0) {
            const std::size_t capacity = std::max(text.size(), schema_kept_max_bytes);
            const auto failure = parser.allocate(capacity, schema_instance_max_depth);
            if (failure != simdjson::SUCCESS) {
                return failure;
            }
        }
        padded.reserve(text.size() + simdjson::SIMDJSON_PADDING);
        padded.assign(text);
        padded.append(simdjson::SIMDJSON_PADDING, '\0');
        return parser.parse(padded.data(), text.size(), false).get(root);
    }
};

// The parser's memory of the last small instance: to get it anew costs more than to parse a small
// text. One per thread.
std::unique_ptr<SchemaInstance::Memory>& SchemaInstance::spare_memory() {
    thread_local std::unique_ptr<Memory> spare;
    return spare;
}

SchemaInstance::SchemaInstance() : memory_(std::move(spare_memory())) {
    if (memory_ == nullptr) {
        memory_ = std::make_unique<Memory>();
    }
}
SchemaInstance::SchemaInstance(SchemaInstance&&) noexcept = default;
SchemaInstance& SchemaInstance::operator=(SchemaInstance&&) noexcept = default;
SchemaInstance::~SchemaInstance() {
    if (memory_ != nullptr && memory_->parser.capacity() <= schema_kept_max_bytes &&
        memory_->json.is_null()) {
        spare_memory() = std::move(memory_);
    }
}

Result<SchemaInstance> SchemaInstance::parse(std::string_view json) {
    SchemaInstance instance;
    Memory& memory = *instance.memory_;
    simdjson::dom::element root;
    const auto failure = memory.parse(json, root);
    if (failure == simdjson::SUCCESS) {
        instance.root_ = value_of_element(root);
        return instance;
    }
    // Among others, simdjson refuses integers of more than 64 bit, which are legal.
    auto parsed = parse_json(json, schema_instance_max_depth);
    if (!parsed) {
        return std::move(parsed).error();
    }
    memory.json = std::move(parsed).value();
    instance.root_ = schema_value_of(memory.json);
    return instance;
}

} // namespace gatehouse::gateway
