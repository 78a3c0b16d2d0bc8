#include "gateway/mcp/served_uris.hpp"

#include "runtime/base/json.hpp"
#include "runtime/session/json_scan.hpp"

#include <vector>

namespace gatehouse::gateway {

namespace {

using UriLiterals = std::vector<std::string_view>; // in the order of the text

// The elements of an array; of a single object, itself.
std::vector<std::string_view> objects_in(std::string_view value) {
    if (value.starts_with('{')) {
        return {value};
    }
    if (value.starts_with('[')) {
        if (auto elements = runtime::array_elements(value)) {
            return std::move(*elements);
        }
    }
    return {};
}

void note_uri(std::string_view object, UriLiterals& found) {
    const auto uri = runtime::find_member(object, "uri");
    if (uri && uri->starts_with('"')) {
        found.push_back(*uri);
    }
}

// Content blocks: links, embedded resources, and results of tools within messages.
void note_blocks(std::string_view content, UriLiterals& found) {
    for (const std::string_view block : objects_in(content)) {
        const auto type = runtime::find_member(block, "type");
        const std::string kind = type ? runtime::string_value(*type).value_or("") : "";
        if (kind == "resource_link") {
            note_uri(block, found);
        } else if (kind == "resource") {
            if (const auto resource = runtime::find_member(block, "resource")) {
                note_uri(*resource, found);
            }
        }
    }
}

void note_result(std::string_view result, UriLiterals& found) {
    const auto members = runtime::object_members(result);
    if (!members) {
        return;
    }
    for (const runtime::JsonMember& member : *members) {
        if (member.key == "uri" && member.value.starts_with('"')) {
            found.push_back(member.value);
        } else if (member.key == "contents") {
            for (const std::string_view content : objects_in(member.value)) {
                note_uri(content, found);
            }
        } else if (member.key == "content") {
            note_blocks(member.value, found);
        } else if (member.key == "messages") {
            for (const std::string_view message : objects_in(member.value)) {
                note_blocks(runtime::find_member(message, "content").value_or(""), found);
            }
        }
    }
}

} // namespace

std::string exchange_uris(std::string_view raw,
                          const std::function<std::string(std::string_view)>& exposed) {
    UriLiterals found;
    note_result(raw, found);
    // A finished task holds the result that it is about.
    const auto inner = runtime::find_member(raw, "result");
    if (inner && found.empty()) {
        note_result(*inner, found);
    }
    std::string text;
    std::size_t done = 0;
    for (const std::string_view literal : found) {
        const auto uri = runtime::string_value(literal);
        const std::string shown = uri ? exposed(*uri) : "";
        if (uri && shown != *uri) {
            const auto offset = static_cast<std::size_t>(literal.data() - raw.data());
            text += raw.substr(done, offset - done);
            text += json_quote(shown);
            done = offset + literal.size();
        }
    }
    return text += raw.substr(done);
}

} // namespace gatehouse::gateway
