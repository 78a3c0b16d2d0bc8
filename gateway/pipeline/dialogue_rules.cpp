#include "gateway/pipeline/dialogue_rules.hpp"

#include "gateway/mcp/protocol.hpp"
#include "gateway/mcp/transcode.hpp"
#include "runtime/base/json.hpp"
#include "runtime/session/json_scan.hpp"

namespace gatehouse::gateway {

namespace {

using runtime::find_member;
using runtime::string_value;

bool is_object(std::optional<std::string_view> value) {
    return value && value->starts_with('{');
}

MissingCapability missing(std::string_view capability, std::string_view part, int code) {
    MissingCapability what;
    what.name = std::string(capability);
    const std::string inside = part.empty() ? "{}" : "{" + json_quote(part) + ":{}}";
    what.required = "{" + json_quote(capability) + ":" + inside + "}";
    if (!part.empty()) {
        what.name += "." + std::string(part);
    }
    what.connector_error = "{\"code\":" + std::to_string(code) + ",\"message\":" +
                           json_quote("the client does not support " + what.name) + "}";
    return what;
}

std::optional<MissingCapability> missing_elicitation(std::string_view params,
                                                     std::string_view capabilities) {
    const auto declared = find_member(capabilities, "elicitation");
    const auto mode = find_member(params, "mode");
    const bool by_url = mode && string_value(*mode) == "url";
    if (!is_object(declared)) {
        return missing("elicitation", by_url ? "url" : "", rpc_method_not_found);
    }
    const bool url = is_object(find_member(*declared, "url"));
    const bool form = is_object(find_member(*declared, "form")) || !url;
    if (by_url ? url : form) {
        return std::nullopt;
    }
    return missing("elicitation", by_url ? "url" : "form", rpc_invalid_params);
}

std::optional<MissingCapability> missing_sampling(std::string_view params,
                                                  std::string_view capabilities) {
    const auto declared = find_member(capabilities, "sampling");
    if (!is_object(declared)) {
        return missing("sampling", "", rpc_method_not_found);
    }
    const bool tools = find_member(params, "tools") || find_member(params, "toolChoice");
    if (tools && !is_object(find_member(*declared, "tools"))) {
        return missing("sampling", "tools", rpc_invalid_params);
    }
    return std::nullopt;
}

} // namespace

std::optional<MissingCapability> missing_capability(std::string_view method,
                                                    std::string_view params,
                                                    std::string_view capabilities) {
    if (method == "elicitation/create") {
        return missing_elicitation(params, capabilities);
    }
    if (method == "sampling/createMessage") {
        return missing_sampling(params, capabilities);
    }
    if (method == "roots/list" && is_object(find_member(capabilities, "roots"))) {
        return std::nullopt;
    }
    return missing(method == "roots/list" ? "roots" : method, "", rpc_method_not_found);
}

std::optional<InputProblem> input_problem(std::string_view requests,
                                          std::string_view capabilities) {
    const auto asked = runtime::object_members(requests);
    if (!asked) {
        return InputProblem{std::nullopt, "inputRequests is not an object"};
    }
    for (const runtime::JsonMember& one : *asked) {
        const auto raw = find_member(one.value, "method");
        const std::string method = raw ? string_value(*raw).value_or("") : "";
        if (method != "elicitation/create" && method != "sampling/createMessage" &&
            method != "roots/list") {
            return InputProblem{
                std::nullopt, "it asks for " + (method.empty() ? "nothing" : method.substr(0, 64)) +
                                  ", which is no question to a client"};
        }
        const std::string_view params = find_member(one.value, "params").value_or("{}");
        if (auto lacking = missing_capability(method, params, capabilities)) {
            return InputProblem{std::move(lacking), ""};
        }
    }
    return std::nullopt;
}

std::string input_key(std::string_view method, std::string_view params, std::size_t number) {
    if (method == "elicitation/create") {
        const auto properties = runtime::find_pointer(params, "/requestedSchema/properties");
        const auto members = runtime::object_members(properties.value_or(""));
        if (members && members->size() == 1) {
            const std::string quoted = "\"" + std::string(members->front().key) + "\"";
            const std::string key = string_value(quoted).value_or("");
            if (!key.empty() && key.size() <= 64) {
                return key;
            }
        }
    }
    return "input_" + std::to_string(number);
}

bool declares_extension(std::string_view capabilities, std::string_view extension) {
    const auto extensions = find_member(capabilities, "extensions");
    return extensions && is_object(find_member(*extensions, extension));
}

McpRefusal missing_extension(std::string_view extension) {
    return {400, rpc_missing_capability,
            "the request needs the extension " + std::string(extension),
            "{\"requiredCapabilities\":{\"extensions\":{" + json_quote(extension) + ":{}}}}"};
}

} // namespace gatehouse::gateway
