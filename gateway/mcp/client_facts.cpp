#include "gateway/mcp/client_facts.hpp"

#include "runtime/session/json_scan.hpp"

#include <functional>

namespace gatehouse::gateway {

namespace {

constexpr std::size_t client_text_max_bytes = 128;

std::string_view object_or(std::string_view raw, std::string_view otherwise) {
    return raw.starts_with('{') ? raw : otherwise;
}

std::string name_and_version(std::string_view client_info) {
    if (client_info.empty()) {
        return "";
    }
    const auto member_text = [&](std::string_view key) {
        const auto raw = runtime::find_member(client_info, key);
        return raw ? runtime::string_value(*raw).value_or("") : std::string();
    };
    return (member_text("name") + "/" + member_text("version")).substr(0, client_text_max_bytes);
}

} // namespace

KnownClient describe_client(const PrincipalId& principal, std::string_view capabilities,
                            std::string_view client_info) {
    KnownClient client;
    client.principal = principal;
    client.capabilities = object_or(capabilities, "{}");
    client.client_info = object_or(client_info, {});
    client.text = name_and_version(client.client_info);
    for (const std::string_view capability : {"elicitation", "sampling", "roots"}) {
        client.answers_input = client.answers_input || declares(client, capability);
    }
    return client;
}

bool declares(const runtime::Caller& caller, std::string_view capability) {
    const auto declared = runtime::find_member(caller.capabilities, capability);
    return declared && declared->starts_with('{');
}

std::shared_ptr<const KnownClient> KnownClients::find(const PrincipalId& principal,
                                                      std::string_view capabilities,
                                                      std::string_view client_info) {
    capabilities = object_or(capabilities, "{}");
    client_info = object_or(client_info, {});
    const std::hash<std::string_view> hash;
    const std::size_t mixed =
        hash(capabilities) * 31 + hash(client_info) * 17 + hash(principal.str());
    auto& slot = slots_[mixed % slots_.size()];
    const bool same = slot != nullptr && slot->capabilities == capabilities &&
                      slot->client_info == client_info && slot->principal == principal;
    if (!same) {
        slot = std::make_shared<const KnownClient>(
            describe_client(principal, capabilities, client_info));
    }
    return slot;
}

} // namespace gatehouse::gateway
