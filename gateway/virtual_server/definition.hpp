// Definitions of tools, prompts and resources under another name: only the values named are
// exchanged, every other byte stays as the connector wrote it. Pure.
#pragma once

#include "runtime/base/result.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::gateway {

struct ToolNaming {
    std::string_view name;
    std::optional<std::string_view> description; // empty: as it was
};

struct RenamedDefinition {
    std::string text;
    std::string input_schema; // raw; empty if absent
};

// `definition` is valid JSON. Error GH-M406: it is no object, or has no string `name`, or its
// inputSchema is no object.
Result<RenamedDefinition> rename_definition(std::string_view definition, const ToolNaming& naming);

// The object with this member's value exchanged, or with the member put in front. `literal` is raw
// JSON. What is no object stays as it is.
std::string with_member(std::string_view object, std::string_view key, std::string_view literal);

// The object without this member.
std::string without_member(std::string_view object, std::string_view key);

} // namespace gatehouse::gateway
