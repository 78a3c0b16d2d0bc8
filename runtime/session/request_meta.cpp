#include "runtime/session/request_meta.hpp"

#include "runtime/session/json_scan.hpp"
#include "runtime/session/json_text.hpp"

namespace gatehouse::runtime {

namespace {

void append_meta_member(std::string_view key, std::string_view raw_value, std::string& out) {
    out.push_back('"');
    out.append(key);
    out.append("\":");
    out.append(raw_value);
}

bool holds_key(std::string_view object, std::string_view raw_key) {
    std::string key;
    append_unescaped(raw_key, key);
    return find_member(object, key).has_value();
}

// Appends the members of `object` that are not in `unwanted`, each with a comma before it if
// something stands before it since `start`.
void append_other_members(std::string_view object, std::string_view unwanted, std::size_t start,
                          std::string& out) {
    const auto members = object_members(object);
    if (!members) {
        return;
    }
    for (const JsonMember& member : *members) {
        if (holds_key(unwanted, member.key)) {
            continue;
        }
        if (out.size() > start) {
            out.push_back(',');
        }
        append_meta_member(member.key, member.value, out);
    }
}

std::size_t offset_in(std::string_view whole, std::string_view part) {
    return static_cast<std::size_t>(part.data() - whole.data());
}

// Tasks may only be listened for by who declares that it knows them.
std::string_view own_capabilities(const ConnectorCall& call) {
    return call.method == "subscriptions/listen"
               ? R"({"extensions":{"io.modelcontextprotocol/tasks":{}}})"
               : "{}";
}

} // namespace

std::string gateway_client_info() {
    std::string info = R"({"name":"gatehouse","version":)";
    append_quoted(GATEHOUSE_VERSION, info);
    info.push_back('}');
    return info;
}

void append_modern_meta(const ConnectorCall& call, std::string& out) {
    const Caller* const caller = call.caller.get();
    append_meta_member(meta_keys::protocol_version, "\"2026-07-28\"", out);
    out.push_back(',');
    const bool named = caller != nullptr && !caller->client_info.empty();
    append_meta_member(meta_keys::client_info, named ? caller->client_info : gateway_client_info(),
                       out);
    out.push_back(',');
    const bool capable = caller != nullptr && !caller->capabilities.empty();
    append_meta_member(meta_keys::client_capabilities,
                       capable ? caller->capabilities : own_capabilities(call), out);
    if (!call.log_level.empty()) {
        std::string level;
        append_quoted(call.log_level, level);
        out.push_back(',');
        append_meta_member(meta_keys::log_level, level, out);
    }
}

void append_params_with_meta(std::string_view params, std::string_view members, std::string& out) {
    if (members.empty()) {
        out.append(params);
        return;
    }
    const auto meta = find_member(params, "_meta");
    if (!meta) {
        const std::size_t brace = params.find('{');
        out.append("{\"_meta\":{");
        out.append(members);
        out.push_back('}');
        if (brace == std::string_view::npos) {
            out.push_back('}');
            return;
        }
        const std::size_t next = params.find_first_not_of(" \t\r\n", brace + 1);
        out.append(params.substr(next, 1) == "}" ? "" : ",");
        out.append(params.substr(brace + 1));
        return;
    }
    out.append(params.substr(0, offset_in(params, *meta)));
    out.push_back('{');
    const std::size_t start = out.size();
    out.append(members);
    const std::string added = "{" + std::string(members) + "}";
    append_other_members(*meta, added, start, out);
    out.push_back('}');
    out.append(params.substr(offset_in(params, *meta) + meta->size()));
}

std::string without_meta_member(std::string_view params, std::string_view key) {
    const auto meta = find_member(params, "_meta");
    if (!meta || !find_member(*meta, key)) {
        return std::string(params);
    }
    std::string unwanted = "{";
    append_quoted(key, unwanted);
    unwanted.append(":0}");
    std::string rest;
    append_other_members(*meta, unwanted, 0, rest);
    if (rest.empty()) {
        std::string plain = "{";
        append_other_members(params, R"({"_meta":0})", 1, plain);
        return plain + "}";
    }
    std::string changed(params.substr(0, offset_in(params, *meta)));
    changed += "{" + rest + "}";
    changed.append(params.substr(offset_in(params, *meta) + meta->size()));
    return changed;
}

} // namespace gatehouse::runtime
