#include "gateway/mcp/param_headers.hpp"

#include "gateway/mcp/decode.hpp"
#include "runtime/base/json.hpp"
#include "runtime/session/json_scan.hpp"

#include <charconv>

namespace gatehouse::gateway {

namespace {

constexpr std::size_t schema_depth_max = 16;

std::string pointer_step(const std::string& name) {
    std::string step = "/";
    for (const char c : name) {
        step += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
    }
    return step;
}

void collect_param_headers(const Json& schema, const std::string& pointer, std::size_t depth,
                           std::vector<ParamHeader>& found) {
    if (depth > schema_depth_max || !schema.is_object() || !schema.contains("properties") ||
        !schema["properties"].is_object()) {
        return;
    }
    for (const auto& [name, property] : schema["properties"].items()) {
        const std::string own = pointer + pointer_step(name);
        if (property.is_object() && property.contains("x-mcp-header") &&
            property["x-mcp-header"].is_string()) {
            found.push_back({"Mcp-Param-" + property["x-mcp-header"].get<std::string>(), own});
        }
        collect_param_headers(property, own, depth + 1, found);
    }
}

bool is_number_literal(std::string_view raw) {
    return !raw.empty() && (raw.front() == '-' || (raw.front() >= '0' && raw.front() <= '9'));
}

bool numbers_equal(std::string_view a, std::string_view b) {
    double left = 0;
    double right = 0;
    const auto read_a = std::from_chars(a.data(), a.data() + a.size(), left);
    const auto read_b = std::from_chars(b.data(), b.data() + b.size(), right);
    const bool whole = read_a.ec == std::errc{} && read_b.ec == std::errc{} &&
                       read_a.ptr == a.data() + a.size() && read_b.ptr == b.data() + b.size();
    return whole && left == right;
}

bool value_agrees(std::string_view raw, std::string_view header) {
    if (const auto text = runtime::string_value(raw)) {
        return *text == header;
    }
    return is_number_literal(raw) ? numbers_equal(raw, header) : raw == header;
}

McpRefusal mismatch(const std::string& header, std::string why) {
    return McpRefusal{400, rpc_header_mismatch, "header " + header + " " + std::move(why), ""};
}

} // namespace

std::vector<ParamHeader> find_param_headers(std::string_view input_schema) {
    std::vector<ParamHeader> found;
    if (input_schema.find("x-mcp-header") == std::string_view::npos) {
        return found;
    }
    const auto schema = parse_json(input_schema);
    if (schema) {
        collect_param_headers(*schema, "", 0, found);
    }
    return found;
}

std::optional<McpRefusal> check_param_headers(const HttpRequest& request,
                                              const std::vector<ParamHeader>& declared,
                                              std::string_view arguments) {
    for (const ParamHeader& one : declared) {
        auto value =
            arguments.empty() ? std::nullopt : runtime::find_pointer(arguments, one.pointer);
        if (value && *value == "null") {
            value.reset();
        }
        const auto header = request.header(one.header);
        if (!value && !header) {
            continue;
        }
        if (!value || !header || request.header_count(one.header) != 1) {
            return mismatch(one.header, "must be sent once exactly if the argument " + one.pointer +
                                            " is given");
        }
        const auto decoded = decode_header_value(*header);
        if (!decoded || !value_agrees(*value, *decoded)) {
            return mismatch(one.header, "differs from the argument " + one.pointer);
        }
    }
    return std::nullopt;
}

} // namespace gatehouse::gateway
