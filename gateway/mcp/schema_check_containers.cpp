// Objects and arrays.
#include "gateway/mcp/schema_check.hpp"

#include <algorithm>

namespace gatehouse::gateway {

bool SchemaCheck::check_child(const SchemaNode& node, SchemaSpot at, const SchemaPath& path,
                              const SchemaValue& value) {
    SchemaPath frame = path;
    frame.parent = at.path;
    return check(node, SchemaSpot{value, &frame, nullptr});
}

bool SchemaCheck::check_object(const SchemaNode& node, SchemaSpot at) {
    const auto& members = at.value.members;
    if (node.min_properties && members.size() < *node.min_properties) {
        return fail_limit(at, "must have at least ", *node.min_properties, " properties");
    }
    if (node.max_properties && members.size() > *node.max_properties) {
        return fail_limit(at, "must have at most ", *node.max_properties, " properties");
    }
    for (const std::string_view name : node.required) {
        if (at.value.find(name) == nullptr) {
            return fail(at, "the property \"", name, "\" is missing");
        }
    }
    return check_members(node, at) && check_dependents(node, at);
}

bool SchemaCheck::check_members(const SchemaNode& node, SchemaSpot at) {
    const bool nothing_to_do = node.properties.empty() && node.pattern_properties.empty() &&
                               node.additional_properties == nullptr &&
                               node.property_names == nullptr;
    for (std::size_t i = 0; !nothing_to_do && i < at.value.members.size(); ++i) {
        if (!check_member(node, at, i)) {
            return false;
        }
    }
    return true;
}

bool SchemaCheck::check_member(const SchemaNode& node, SchemaSpot at, std::size_t index) {
    const auto& [name, value] = at.value.members[index];
    const SchemaPath path{nullptr, name, 0, false};
    bool matched = false;
    const auto found = std::lower_bound(
        node.properties.begin(), node.properties.end(), name,
        [](const NamedNode& property, std::string_view n) { return property.first < n; });
    if (found != node.properties.end() && found->first == name) {
        matched = true;
        if (!check_child(*found->second, at, path, value)) {
            return false;
        }
    }
    for (const auto& [regex, schema] : node.pattern_properties) {
        if (!spend(1 + name.size() / 64)) {
            return false;
        }
        if (schema_regex_finds(*regex, name)) {
            matched = true;
            if (!check_child(*schema, at, path, value)) {
                return false;
            }
        }
    }
    if (!matched && node.additional_properties != nullptr) {
        matched = true;
        if (node.additional_properties->never) {
            return fail(at, "must not have the property \"", name, "\"");
        }
        if (!check_child(*node.additional_properties, at, path, value)) {
            return false;
        }
    }
    if (matched && at.seen != nullptr) {
        at.seen->members[index] = true;
    }
    if (node.property_names != nullptr) {
        SchemaValue name_value;
        name_value.kind = SchemaKind::string;
        name_value.text = name;
        ++quiet_;
        const bool allowed = check(*node.property_names, SchemaSpot{name_value, at.path, nullptr});
        --quiet_;
        return allowed || fail(at, "must not have a property with the name \"", name, "\"");
    }
    return true;
}

bool SchemaCheck::check_dependents(const SchemaNode& node, SchemaSpot at) {
    for (const auto& [name, needed] : node.dependent_required) {
        if (at.value.find(name) == nullptr) {
            continue;
        }
        for (const std::string_view other : needed) {
            if (at.value.find(other) == nullptr) {
                return fail(at, "the property \"", other,
                            "\" is missing, which \"" + std::string(name) + "\" needs");
            }
        }
    }
    for (const auto& [name, schema] : node.dependent_schemas) {
        if (at.value.find(name) != nullptr && !check(*schema, at)) {
            return false;
        }
    }
    return true;
}

bool SchemaCheck::check_array(const SchemaNode& node, SchemaSpot at) {
    const auto& items = at.value.items;
    if (node.min_items && items.size() < *node.min_items) {
        return fail_limit(at, "must have at least ", *node.min_items, " items");
    }
    if (node.max_items && items.size() > *node.max_items) {
        return fail_limit(at, "must have at most ", *node.max_items, " items");
    }
    for (std::size_t i = 0; i < items.size(); ++i) {
        const SchemaNode* schema = i < node.prefix_items.size() ? node.prefix_items[i] : node.items;
        if (schema == nullptr) {
            break;
        }
        if (!check_child(*schema, at, SchemaPath{nullptr, {}, i, true}, items[i])) {
            return false;
        }
        if (at.seen != nullptr) {
            at.seen->items[i] = true;
        }
    }
    return check_contains(node, at) && (!node.unique_items || check_unique(at));
}

bool SchemaCheck::check_contains(const SchemaNode& node, SchemaSpot at) {
    if (node.contains == nullptr) {
        return true;
    }
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < at.value.items.size(); ++i) {
        ++quiet_;
        const bool matches =
            check_child(*node.contains, at, SchemaPath{nullptr, {}, i, true}, at.value.items[i]);
        --quiet_;
        count += matches ? 1 : 0;
        if (matches && at.seen != nullptr) {
            at.seen->items[i] = true;
        }
    }
    if (count < node.min_contains.value_or(1)) {
        return fail_limit(at, "must have at least ", node.min_contains.value_or(1),
                          " items of the kind that the schema wants (contains)");
    }
    if (node.max_contains && count > *node.max_contains) {
        return fail_limit(at, "must have at most ", *node.max_contains,
                          " items of the kind that the schema limits (contains)");
    }
    return true;
}

bool SchemaCheck::check_unique(SchemaSpot at) {
    std::vector<std::pair<std::uint64_t, const SchemaValue*>> hashed;
    hashed.reserve(at.value.items.size());
    for (const SchemaValue& item : at.value.items) {
        hashed.emplace_back(schema_value_hash(item), &item);
    }
    std::sort(hashed.begin(), hashed.end());
    for (std::size_t i = 0; i < hashed.size(); ++i) {
        for (std::size_t j = i + 1; j < hashed.size() && hashed[j].first == hashed[i].first; ++j) {
            if (!spend(1)) {
                return false;
            }
            if (schema_values_equal(*hashed[i].second, *hashed[j].second)) {
                return fail(at, "must not have the same item twice");
            }
        }
    }
    return true;
}

bool SchemaCheck::check_unevaluated(const SchemaNode& node, SchemaSpot at) {
    for (std::size_t i = 0; node.unevaluated_properties != nullptr && i < at.value.members.size();
         ++i) {
        const auto& [name, value] = at.value.members[i];
        if (at.seen->members[i]) {
            continue;
        }
        if (node.unevaluated_properties->never) {
            return fail(at, "must not have the property \"", name, "\"");
        }
        if (!check_child(*node.unevaluated_properties, at, SchemaPath{nullptr, name, 0, false},
                         value)) {
            return false;
        }
        at.seen->members[i] = true;
    }
    for (std::size_t i = 0; node.unevaluated_items != nullptr && i < at.value.items.size(); ++i) {
        if (at.seen->items[i]) {
            continue;
        }
        if (!check_child(*node.unevaluated_items, at, SchemaPath{nullptr, {}, i, true},
                         at.value.items[i])) {
            return false;
        }
        at.seen->items[i] = true;
    }
    return true;
}

} // namespace gatehouse::gateway
