#include "gateway/virtual_server/definition.hpp"

#include "runtime/base/json.hpp"
#include "runtime/session/json_scan.hpp"

#include <algorithm>
#include <vector>

namespace gatehouse::gateway {

namespace {

// Bytes [offset, offset + length) of the definition give way to `text`.
struct Splice {
    std::size_t offset = 0;
    std::size_t length = 0;
    std::string text;
};

Error unusable_definition(std::string why) {
    return Error{"GH-M406", "the tool's definition is unusable", "", std::move(why),
                 "correct the connector"};
}

// Also when it is written with escapes.
bool key_is(const runtime::JsonMember& member, std::string_view key) {
    if (member.key.find('\\') == std::string_view::npos) {
        return member.key == key;
    }
    return runtime::string_value({member.key.data() - 1, member.key.size() + 2}) == key;
}

const runtime::JsonMember* find_key(const std::vector<runtime::JsonMember>& members,
                                    std::string_view key) {
    const auto found = std::find_if(members.begin(), members.end(),
                                    [key](const auto& member) { return key_is(member, key); });
    return found == members.end() ? nullptr : &*found;
}

std::string apply_splices(std::string_view source, std::vector<Splice> splices) {
    std::sort(splices.begin(), splices.end(),
              [](const Splice& a, const Splice& b) { return a.offset < b.offset; });
    std::string text;
    std::size_t done = 0;
    for (const Splice& splice : splices) {
        text += source.substr(done, splice.offset - done);
        text += splice.text;
        done = splice.offset + splice.length;
    }
    text += source.substr(done);
    return text;
}

} // namespace

Result<RenamedDefinition> rename_definition(std::string_view definition, const ToolNaming& naming) {
    const auto members = runtime::object_members(definition);
    if (!members) {
        return unusable_definition("it is no JSON object");
    }
    const auto* name = find_key(*members, "name");
    const auto* description = find_key(*members, "description");
    const auto* schema = find_key(*members, "inputSchema");
    if (name == nullptr || !name->value.starts_with('"')) {
        return unusable_definition("it has no name");
    }
    if (schema != nullptr && !schema->value.starts_with('{')) {
        return unusable_definition("its inputSchema is no object");
    }
    const auto offset_of = [definition](std::string_view part) {
        return static_cast<std::size_t>(part.data() - definition.data());
    };
    std::vector<Splice> splices;
    const std::size_t name_offset = offset_of(name->value);
    if (runtime::string_value(name->value) != naming.name) {
        splices.push_back({name_offset, name->value.size(), json_quote(naming.name)});
    }
    if (naming.description && description != nullptr) {
        splices.push_back({offset_of(description->value), description->value.size(),
                           json_quote(*naming.description)});
    } else if (naming.description) {
        splices.push_back({name_offset + name->value.size(), 0,
                           ",\"description\":" + json_quote(*naming.description)});
    }
    return RenamedDefinition{apply_splices(definition, std::move(splices)),
                             schema == nullptr ? std::string() : std::string(schema->value)};
}

std::string with_member(std::string_view object, std::string_view key, std::string_view literal) {
    const auto members = runtime::object_members(object);
    if (!members) {
        return std::string(object);
    }
    if (const auto* member = find_key(*members, key)) {
        const auto offset = static_cast<std::size_t>(member->value.data() - object.data());
        return apply_splices(object, {{offset, member->value.size(), std::string(literal)}});
    }
    const std::size_t inside = object.find('{') + 1;
    std::string text = json_quote(key) + ":" + std::string(literal);
    text += members->empty() ? "" : ",";
    return apply_splices(object, {{inside, 0, std::move(text)}});
}

std::string without_member(std::string_view object, std::string_view key) {
    const auto members = runtime::object_members(object);
    const auto* member = members ? find_key(*members, key) : nullptr;
    if (member == nullptr) {
        return std::string(object);
    }
    const auto offset_of = [object](const char* at) {
        return static_cast<std::size_t>(at - object.data());
    };
    // A member goes together with one comma: the one before it, or else the one behind it.
    const bool is_first = member == &members->front();
    const bool is_last = member == &members->back();
    std::size_t from = offset_of(member->key.data()) - 1;
    std::size_t to = offset_of(member->value.data()) + member->value.size();
    if (!is_first) {
        const std::string_view before = (member - 1)->value;
        from = offset_of(before.data()) + before.size();
    } else if (!is_last) {
        to = offset_of((member + 1)->key.data()) - 1;
    }
    return apply_splices(object, {{from, to - from, ""}});
}

} // namespace gatehouse::gateway
