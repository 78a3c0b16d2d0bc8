#include "runtime/session/param_headers.hpp"

#include "runtime/session/json_scan.hpp"
#include "runtime/session/json_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>

namespace gatehouse::runtime {

namespace {

constexpr std::string_view annotation_key = "x-mcp-header";
constexpr std::string_view encoded_start = "=?base64?";
constexpr std::string_view encoded_end = "?=";
constexpr double safe_integer_max = 9007199254740991.0; // 2^53 - 1

bool is_field_name(std::string_view text) {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               marks.find(c) != std::string_view::npos;
    });
}

std::string lower_ascii(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return lower;
}

bool one_of(std::string_view word, std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

// Walks a schema. The recursion is as deep as the JSON, which the scanner bounds.
class AnnotationReader {
  public:
    void read_schema(std::string_view schema, bool reachable);

    std::vector<ParamHeader> found;
    std::string problem;

  private:
    void read_member(std::string_view key, std::string_view value, bool reachable);
    void read_properties(std::string_view properties, bool reachable);
    void read_annotation(std::string_view schema, std::string_view annotation, bool reachable);

    std::vector<std::string> path_;
    std::set<std::string> names_; // lower case
};

void AnnotationReader::read_schema(std::string_view schema, bool reachable) {
    const auto members = object_members(schema);
    if (!members || !problem.empty()) {
        return;
    }
    for (const JsonMember& member : *members) {
        std::string key;
        append_unescaped(member.key, key);
        if (key == annotation_key) {
            read_annotation(schema, member.value, reachable);
        } else {
            read_member(key, member.value, reachable);
        }
    }
}

void AnnotationReader::read_member(std::string_view key, std::string_view value, bool reachable) {
    if (key == "properties") {
        read_properties(value, reachable);
        return;
    }
    if (one_of(key, {"default", "const", "enum", "examples"})) {
        return; // data, in which the key means nothing
    }
    if (one_of(key, {"patternProperties", "$defs", "definitions", "dependentSchemas"})) {
        read_properties(value, false);
    } else if (value.starts_with('{')) {
        read_schema(value, false);
    } else if (value.starts_with('[')) {
        const auto elements = array_elements(value);
        for (std::size_t i = 0; elements && i < elements->size(); ++i) {
            read_schema((*elements)[i], false);
        }
    }
}

void AnnotationReader::read_properties(std::string_view properties, bool reachable) {
    const auto members = object_members(properties);
    if (!members) {
        return;
    }
    for (const JsonMember& member : *members) {
        std::string key;
        append_unescaped(member.key, key);
        path_.push_back(std::move(key));
        read_schema(member.value, reachable);
        path_.pop_back();
    }
}

void AnnotationReader::read_annotation(std::string_view schema, std::string_view annotation,
                                       bool reachable) {
    const auto name = string_value(annotation);
    const auto type_literal = find_member(schema, "type");
    const std::string type = type_literal ? string_value(*type_literal).value_or("") : "";
    if (!reachable || path_.empty()) {
        problem = "x-mcp-header stands where no property is reached by `properties` alone";
    } else if (!name || !is_field_name(*name)) {
        problem = "the x-mcp-header of '" + path_.back() + "' is not a name that a header can have";
    } else if (!one_of(type, {"string", "integer", "boolean"})) {
        problem = "the property '" + path_.back() +
                  "' with x-mcp-header has not the type string, integer or boolean";
    } else if (!names_.insert(lower_ascii(*name)).second) {
        problem = "two properties have the same x-mcp-header '" + *name + "'";
    } else {
        found.push_back(ParamHeader{"Mcp-Param-" + *name, path_});
    }
}

// A JSON number as a decimal integer; empty if it is none that every reader holds exactly.
std::optional<std::string> integer_text(std::string_view number) {
    double value = 0;
    const char* const end = number.data() + number.size();
    const auto [stopped, failure] = std::from_chars(number.data(), end, value);
    if (failure != std::errc() || stopped != end || std::trunc(value) != value ||
        std::fabs(value) > safe_integer_max) {
        return std::nullopt;
    }
    return std::to_string(static_cast<long long>(value));
}

// The text a header carries for a value; empty optional: no header.
std::optional<std::string> value_text(std::string_view raw) {
    if (raw == "true" || raw == "false") {
        return std::string(raw);
    }
    return raw.starts_with('"') ? string_value(raw) : integer_text(raw);
}

std::string base64_of(std::string_view bytes) {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
        std::uint32_t group = 0;
        for (std::size_t i = 0; i < 3; ++i) {
            group = group << 8 | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0U);
        }
        for (std::size_t i = 0; i < 4; ++i) {
            out.push_back(i <= count ? digits[group >> (18 - 6 * i) & 63] : '=');
        }
    }
    return out;
}

} // namespace

Result<std::vector<ParamHeader>> read_param_headers(std::string_view tool_definition) {
    AnnotationReader reader;
    // Hardly any tool has one, and the search is a fraction of the walk.
    const auto schema = find_member(tool_definition, "inputSchema");
    if (schema && (schema->find("x-mcp-header") != std::string_view::npos ||
                   schema->find("\\u") != std::string_view::npos)) {
        reader.read_schema(*schema, true);
    }
    if (!reader.problem.empty()) {
        return Error{"GH-M403", "a tool's x-mcp-header breaks the rules", "inputSchema",
                     reader.problem, "report it to the connector's author; the tool is left out"};
    }
    return std::move(reader.found);
}

void append_param_headers(const std::vector<ParamHeader>& wanted, std::string_view arguments,
                          HeaderList& out) {
    for (const ParamHeader& header : wanted) {
        std::optional<std::string_view> value = arguments;
        for (const std::string& step : header.path) {
            value = value && value->starts_with('{') ? find_member(*value, step) : std::nullopt;
        }
        const auto text = value ? value_text(*value) : std::nullopt;
        if (text) {
            out.emplace_back(header.name, header_value_of(*text));
        }
    }
}

std::string header_value_of(std::string_view text) {
    const bool plain =
        std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
    const bool padded = text.starts_with(' ') || text.ends_with(' ');
    const bool like_encoded = text.starts_with(encoded_start) && text.ends_with(encoded_end);
    if (plain && !padded && !like_encoded) {
        return std::string(text);
    }
    return std::string(encoded_start) + base64_of(text) + std::string(encoded_end);
}

std::string_view named_member(std::string_view method) {
    if (method == "tools/call" || method == "prompts/get") {
        return "name";
    }
    if (method == "resources/read") {
        return "uri";
    }
    return method.starts_with("tasks/") ? "taskId" : "";
}

} // namespace gatehouse::runtime
