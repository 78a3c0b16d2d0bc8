#include "gateway/mcp/served_capabilities.hpp"

#include "gateway/virtual_server/exposed_items.hpp"
#include "runtime/base/json.hpp"

#include <array>

namespace gatehouse::gateway {

namespace {

using runtime::ListKind;

// What the first says stays; objects are joined member by member.
void join_into(Json& joined, const Json& more) {
    for (const auto& [key, value] : more.items()) {
        if (!joined.contains(key)) {
            joined[key] = value;
        } else if (joined[key].is_object() && value.is_object()) {
            join_into(joined[key], value);
        }
    }
}

const Json* object_in(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_object() ? &*found : nullptr;
}

void join_member(Json& joined, const Json& own, const char* key) {
    if (const Json* const offered = object_in(own, key)) {
        if (!joined.contains(key)) {
            joined[key] = Json::object();
        }
        join_into(joined[key], *offered);
    }
}

void join_source(Json& joined, const CapabilitySource& source, Era era, bool tells_tasks) {
    constexpr std::array<ListKind, 3> kinds{ListKind::tools, ListKind::prompts,
                                            ListKind::resources};
    std::array<bool, 3> exposed{};
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        exposed[i] = exposes_list(*source.connector, source.catalogue.get(), kinds[i]);
        if (exposed[i]) {
            joined[std::string(runtime::list_member(kinds[i]))]["listChanged"] = true;
        }
    }
    const auto parsed = source.catalogue == nullptr ? Result<Json>(Json::object())
                                                    : parse_json(source.catalogue->capabilities);
    if (!parsed || !parsed->is_object()) {
        return;
    }
    const Json* const resources = object_in(*parsed, "resources");
    if (exposed[2] && resources != nullptr && resources->value("subscribe", Json()) == true) {
        joined["resources"]["subscribe"] = true;
    }
    if ((exposed[1] || exposed[2]) && object_in(*parsed, "completions") != nullptr) {
        joined["completions"] = Json::object();
    }
    if (object_in(*parsed, "logging") != nullptr) {
        joined["logging"] = Json::object();
    }
    const bool same_era = source.catalogue != nullptr && source.catalogue->era == era;
    if (same_era && exposed[0] && tells_tasks) {
        join_member(joined, *parsed, "tasks");
    }
    if (same_era) {
        join_member(joined, *parsed, "extensions");
    }
}

} // namespace

std::string served_capabilities(const std::vector<CapabilitySource>& sources, Era era,
                                std::string_view version) {
    const bool tells_tasks =
        era == Era::legacy && (version.empty() || version == newest_legacy_version);
    Json joined = Json::object();
    for (const CapabilitySource& source : sources) {
        join_source(joined, source, era, tells_tasks);
    }
    return dump_json(joined);
}

} // namespace gatehouse::gateway
