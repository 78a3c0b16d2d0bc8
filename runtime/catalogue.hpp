// Catalogue: what a connector says of itself and offers, as its own bytes. Plain values, shared by
// the session that reads it, the supervisor that keeps it and the gateway that shows it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gatehouse::runtime {

// MCP up to 2025-11-25 has a handshake and sessions (legacy); 2026-07-28 is stateless (modern).
enum class Era { legacy, modern };

enum class ListKind { tools, prompts, resources, resource_templates };

// The method that reads a list, e.g. "resources/templates/list".
constexpr std::string_view list_method(ListKind kind) {
    constexpr std::string_view methods[] = {"tools/list", "prompts/list", "resources/list",
                                            "resources/templates/list"};
    return methods[static_cast<int>(kind)];
}

// The member of the list's result that holds the items, e.g. "resourceTemplates".
constexpr std::string_view list_member(ListKind kind) {
    constexpr std::string_view members[] = {"tools", "prompts", "resources", "resourceTemplates"};
    return members[static_cast<int>(kind)];
}

// One tool, prompt, resource or template as the connector defined it.
struct CatalogueItem {
    std::string name;       // a resource's uri, a template's uriTemplate, else the name
    std::string definition; // the exact JSON bytes of the object
};
using Tool = CatalogueItem;

// One list as it was read, and for how long it holds by the connector's own word (MCP 2026-07-28,
// ttlMs; 0: it does not say).
struct CatalogueList {
    std::vector<CatalogueItem> items;
    std::int64_t ttl_ms = 0;
};

struct Catalogue {
    Era era = Era::legacy;
    std::string protocol_version;
    std::string server_info;          // raw JSON of serverInfo
    std::string capabilities = "{}";  // raw JSON object of the server's capabilities
    std::string instructions;         // plain text, may be empty
    std::vector<CatalogueItem> tools; // each list in the connector's order, names unique
    std::vector<CatalogueItem> prompts;
    std::vector<CatalogueItem> resources;
    std::vector<CatalogueItem> resource_templates;
    std::array<std::int64_t, 4> ttls_ms{}; // of the lists, in the order of ListKind

    std::int64_t ttl_ms(ListKind kind) const { return ttls_ms[static_cast<std::size_t>(kind)]; }
    void put(ListKind kind, CatalogueList read) {
        list(kind) = std::move(read.items);
        ttls_ms[static_cast<std::size_t>(kind)] = read.ttl_ms;
    }
    const std::vector<CatalogueItem>& list(ListKind kind) const {
        const std::vector<CatalogueItem>* const lists[] = {&tools, &prompts, &resources,
                                                           &resource_templates};
        return *lists[static_cast<int>(kind)];
    }
    std::vector<CatalogueItem>& list(ListKind kind) {
        return const_cast<std::vector<CatalogueItem>&>(std::as_const(*this).list(kind));
    }
};

} // namespace gatehouse::runtime
