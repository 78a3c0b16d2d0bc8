#include "runtime/session/era_probe.hpp"

#include "runtime/session/json_scan.hpp"
#include "runtime/session/json_text.hpp"
#include "runtime/session/request_meta.hpp"

#include <algorithm>
#include <array>

namespace gatehouse::runtime {

namespace {

constexpr std::array<std::string_view, 4> legacy_versions = {"2024-11-05", "2025-03-26",
                                                             "2025-06-18", "2025-11-25"};

bool names_modern_version(std::string_view array) {
    const auto versions = array_elements(array);
    return versions && std::any_of(versions->begin(), versions->end(), [](std::string_view item) {
               return string_value(item) == modern_protocol_version;
           });
}

bool is_modern_error(std::string_view error) {
    const auto code = find_member(error, "code");
    if (code == "-32020" || code == "-32021") {
        return true;
    }
    const auto supported = find_pointer(error, "/data/supported");
    return code == "-32022" && supported && names_modern_version(*supported);
}

std::string_view object_or(std::optional<std::string_view> value, std::string_view otherwise) {
    return value && value->front() == '{' ? *value : otherwise;
}

// What both eras say with the same names.
Catalogue read_introduction(std::string_view result) {
    Catalogue introduction;
    introduction.capabilities = object_or(find_member(result, "capabilities"), "{}");
    introduction.server_info = object_or(find_member(result, "serverInfo"), "{}");
    if (const auto instructions = find_member(result, "instructions")) {
        introduction.instructions = string_value(*instructions).value_or("");
    }
    return introduction;
}

constexpr std::string_view capability_of(ListKind kind) {
    return kind == ListKind::resource_templates ? "resources" : list_member(kind);
}

} // namespace

std::chrono::milliseconds probe_deadline(std::chrono::milliseconds startup) {
    return std::min(startup / 3, std::chrono::milliseconds(3'000));
}

Era judge_probe(const CallReply& reply) {
    bool modern = false;
    if (reply.end == CallEnd::result) {
        const auto versions = find_member(reply.body(), "supportedVersions");
        modern = versions && names_modern_version(*versions);
    } else if (reply.end == CallEnd::error) {
        modern = is_modern_error(reply.body());
    }
    return modern ? Era::modern : Era::legacy;
}

std::string initialize_params(const SessionOptions& options) {
    std::string params = "{\"protocolVersion\":";
    append_quoted(newest_legacy_version, params);
    params.append(",\"capabilities\":");
    params.append(options.client_capabilities.empty() ? "{}" : options.client_capabilities);
    params.append(",\"clientInfo\":");
    params.append(options.client_info.empty() ? gateway_client_info() : options.client_info);
    params.push_back('}');
    return params;
}

Result<Catalogue> read_initialize_result(std::string_view result) {
    const auto version = find_member(result, "protocolVersion");
    const std::string spoken = version ? string_value(*version).value_or("") : "";
    if (std::find(legacy_versions.begin(), legacy_versions.end(), spoken) ==
        legacy_versions.end()) {
        return Error{"GH-M404", "the connector speaks an unknown protocol version", "initialize",
                     "it answered '" + spoken.substr(0, 64) +
                         "'; known are 2024-11-05 to 2025-11-25",
                     "use a release of the connector that speaks one of them"};
    }
    Catalogue introduction = read_introduction(result);
    introduction.era = Era::legacy;
    introduction.protocol_version = spoken;
    return introduction;
}

Catalogue read_discover_result(std::string_view result) {
    Catalogue introduction = read_introduction(result);
    introduction.era = Era::modern;
    introduction.protocol_version = modern_protocol_version;
    if (const auto meta = find_member(result, "_meta")) {
        introduction.server_info =
            object_or(find_member(*meta, meta_keys::server_info), introduction.server_info);
    }
    return introduction;
}

Catalogue assumed_modern_introduction() {
    Catalogue introduction;
    introduction.era = Era::modern;
    introduction.protocol_version = modern_protocol_version;
    introduction.server_info = "{}";
    introduction.capabilities = R"({"tools":{},"prompts":{},"resources":{}})";
    return introduction;
}

bool offers_list(const Catalogue& introduction, ListKind kind) {
    const auto offer = find_member(introduction.capabilities, capability_of(kind));
    return offer && offer->front() == '{';
}

bool announces_list(const Catalogue& introduction, ListKind kind) {
    const auto offer = find_member(introduction.capabilities, capability_of(kind));
    return offer && find_member(*offer, "listChanged") == "true";
}

} // namespace gatehouse::runtime
