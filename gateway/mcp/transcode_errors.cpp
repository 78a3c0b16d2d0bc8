// Errors of connectors as clients of the other era know them.
#include "gateway/mcp/transcode.hpp"
#include "runtime/base/json.hpp"
#include "runtime/session/json_scan.hpp"

#include <charconv>

namespace gatehouse::gateway {

namespace {

int code_of(std::string_view error) {
    const auto raw = runtime::find_member(error, "code");
    int code = 0;
    if (raw) {
        std::from_chars(raw->data(), raw->data() + raw->size(), code);
    }
    return code;
}

std::string message_of(std::string_view error) {
    const auto raw = runtime::find_member(error, "message");
    return raw ? runtime::string_value(*raw).value_or("") : "";
}

// The error with another code and the client's own URI in its data; its other bytes stay.
std::string renamed_error(std::string_view error, int code, std::string_view uri) {
    TextEdits edits;
    if (const auto raw = runtime::find_member(error, "code")) {
        edits.push_back(replace_part(error, *raw, std::to_string(code)));
    }
    const auto data = runtime::find_member(error, "data");
    const std::string quoted = json_quote(uri);
    if (uri.empty()) {
        return edited(error, std::move(edits));
    }
    if (!data) {
        edits.push_back({1, 0, "\"data\":{\"uri\":" + quoted + "},"});
    } else if (data->front() == '{') {
        if (const auto named = runtime::find_member(*data, "uri")) {
            edits.push_back(replace_part(error, *named, quoted));
        } else {
            const bool empty = data->find('"') == std::string_view::npos;
            const auto offset = static_cast<std::size_t>(data->data() - error.data()) + 1;
            edits.push_back({offset, 0, "\"uri\":" + quoted + (empty ? "" : ",")});
        }
    }
    return edited(error, std::move(edits));
}

// The connector complains of what the gateway, its client, sent. Nothing the client could mend.
std::string own_fault(int code, std::string_view error) {
    return R"({"code":-32000,"message":)" +
           json_quote("GH-M407 the connector and the gateway do not understand each other: " +
                      message_of(error).substr(0, 512) + ". Report it with the connector's log") +
           R"(,"data":{"code":"GH-M407","connector_code":)" + std::to_string(code) + "}}";
}

} // namespace

ForeignError client_error(Era connector, Era client, std::string_view uri, std::string_view error) {
    const int code = code_of(error);
    if (code == rpc_header_mismatch || code == rpc_unsupported_version) {
        return {200, own_fault(code, error)};
    }
    if (code == rpc_missing_capability) {
        return {client == Era::modern ? 400 : 200, ""};
    }
    if (connector == Era::legacy && client == Era::modern && code == rpc_legacy_not_found) {
        return {200, renamed_error(error, rpc_invalid_params, uri)};
    }
    const bool modern_not_found = connector == Era::modern && code == rpc_invalid_params &&
                                  !uri.empty() && runtime::find_pointer(error, "/data/uri");
    if (modern_not_found && client == Era::legacy) {
        return {200, renamed_error(error, rpc_legacy_not_found, uri)};
    }
    const bool names_uri = !uri.empty() && (code == rpc_legacy_not_found || modern_not_found);
    return {200, names_uri ? renamed_error(error, code, uri) : ""};
}

} // namespace gatehouse::gateway
