#include "gateway/mcp/served_items.hpp"

#include "gateway/virtual_server/definition.hpp"
#include "gateway/virtual_server/namespaced_uri.hpp"
#include "runtime/base/json.hpp"
#include "runtime/session/json_scan.hpp"

#include <algorithm>

namespace gatehouse::gateway {

namespace {

using runtime::ListKind;

constexpr std::string_view name_member_of(ListKind kind) {
    constexpr std::string_view members[] = {"name", "name", "uri", "uriTemplate"};
    return members[static_cast<int>(kind)];
}

std::optional<std::string> text_member(std::string_view object, std::string_view key) {
    const auto value = runtime::find_member(object, key);
    return value ? runtime::string_value(*value) : std::nullopt;
}

// Links that a client may follow without us (MCP 2025-06-18, resources: the https scheme).
bool is_web_link(std::string_view uri) {
    return uri.starts_with("https:") || uri.starts_with("http:");
}

ServedTarget target_in(const ExposedItems& items, std::string_view upstream_name) {
    return {items.connector().name, std::string(upstream_name)};
}

std::string collision_warning(ListKind kind, const ExposedItems& items, const ExposedItems& owner,
                              std::string_view name) {
    std::string shown = json_quote(name.substr(0, 128));
    return (kind == ListKind::prompts ? "prompt " : "resource ") + shown + " of connector '" +
           items.connector().name.str() + "' and maybe more of its " +
           std::string(runtime::list_member(kind)) +
           (kind == ListKind::prompts ? " are left out: " : " are shown in a namespace: ") +
           "connector '" + owner.connector().name.str() + "' has it already";
}

} // namespace

// The first connector before this one that has the same prompt name, URI or template here; null if
// there is none.
const ExposedItems* ServedItems::earlier_owner(const ExposedItems& items, ListKind kind,
                                               std::string_view name) const {
    const std::string sample =
        kind == ListKind::resource_templates ? items.template_sample(name) : "";
    const std::string full =
        kind == ListKind::prompts ? items.connector().prefix + std::string(name) : "";
    for (const auto& other : connectors_) {
        if (other.get() == &items) {
            return nullptr;
        }
        const std::string& prefix = other->connector().prefix;
        const bool same =
            kind == ListKind::prompts
                ? full.starts_with(prefix) &&
                      other->has(kind, std::string_view(full).substr(prefix.size()))
                : other->has(kind, name) || (!sample.empty() && other->template_makes(sample));
        if (same) {
            return other.get();
        }
    }
    return nullptr;
}

std::vector<ListEntry> ServedItems::list(ListKind kind, std::vector<std::string>& warnings) const {
    std::vector<ListEntry> entries;
    for (const auto& items : connectors_) {
        bool warned = false;
        for (const runtime::CatalogueItem* item : items->list(kind)) {
            const ExposedItems* const owner = earlier_owner(*items, kind, item->name);
            if (owner != nullptr && !warned) {
                warnings.push_back(collision_warning(kind, *items, *owner, item->name));
                warned = true;
            }
            ListEntry entry{item->name, &items->connector().name, item->name, item->definition, {}};
            if (kind == ListKind::prompts) {
                if (owner != nullptr) {
                    continue;
                }
                entry.name = items->connector().prefix + item->name;
            } else if (owner != nullptr) {
                entry.name = namespaced_uri(items->connector().name, item->name);
            }
            if (entry.name != item->name) {
                entry.rename_member = name_member_of(kind);
            }
            entries.push_back(std::move(entry));
        }
    }
    return entries;
}

std::optional<ServedTarget> ServedItems::find_prompt(std::string_view name) const {
    for (const auto& items : connectors_) {
        const std::string& prefix = items->connector().prefix;
        if (name.starts_with(prefix) && items->has(ListKind::prompts, name.substr(prefix.size()))) {
            return target_in(*items, name.substr(prefix.size()));
        }
    }
    return std::nullopt;
}

// Who has the URI by its exact text or by a template; null: nobody.
const ExposedItems* ServedItems::owner_of(std::string_view uri) const {
    for (const auto& items : connectors_) {
        if (items->has(ListKind::resources, uri)) {
            return items.get();
        }
    }
    for (const auto& items : connectors_) {
        if (items->shows_uri(uri) && items->template_makes(uri)) {
            return items.get();
        }
    }
    return nullptr;
}

std::optional<ServedItems::NamespacedUri> ServedItems::find_namespaced(std::string_view uri) const {
    for (const auto& items : connectors_) {
        const auto own = uri_within_namespace(items->connector().name, uri);
        if (own && items->offers_resources()) {
            return NamespacedUri{items.get(), *own};
        }
    }
    return std::nullopt;
}

std::optional<ServedTarget> ServedItems::find_resource(std::string_view uri) const {
    const auto exact =
        std::find_if(connectors_.begin(), connectors_.end(),
                     [uri](const auto& items) { return items->has(ListKind::resources, uri); });
    if (exact != connectors_.end()) {
        return target_in(**exact, uri);
    }
    if (const auto found = find_namespaced(uri)) {
        return found->items->shows_uri(found->own)
                   ? std::optional(target_in(*found->items, found->own))
                   : std::nullopt;
    }
    if (const ExposedItems* const owner = owner_of(uri)) {
        return target_in(*owner, uri);
    }
    const auto offers = [](const auto& items) { return items->offers_resources(); };
    const auto sole = std::find_if(connectors_.begin(), connectors_.end(), offers);
    const bool is_sole =
        sole != connectors_.end() && std::none_of(std::next(sole), connectors_.end(), offers);
    return is_sole && (*sole)->shows_uri(uri) ? std::optional(target_in(**sole, uri))
                                              : std::nullopt;
}

std::optional<ServedCompletion> ServedItems::find_completion(std::string_view ref) const {
    const auto type = text_member(ref, "type");
    if (type == "ref/prompt") {
        const auto name = text_member(ref, "name");
        auto target = name ? find_prompt(*name) : std::nullopt;
        if (!target) {
            return std::nullopt;
        }
        std::string own = with_member(ref, "name", json_quote(target->upstream_name));
        return ServedCompletion{std::move(*target), PolicyKind::prompt, std::move(own)};
    }
    const auto uri = text_member(ref, "uri");
    if (type != "ref/resource" || !uri) {
        return std::nullopt;
    }
    std::optional<ServedTarget> target;
    for (const auto& items : connectors_) {
        const auto own = uri_within_namespace(items->connector().name, *uri);
        const std::string_view wanted = own ? *own : std::string_view(*uri);
        if (items->has(ListKind::resource_templates, wanted)) {
            target = target_in(*items, wanted);
            break;
        }
    }
    target = target ? std::move(target) : find_resource(*uri);
    if (!target) {
        return std::nullopt;
    }
    std::string own_ref = with_member(ref, "uri", json_quote(target->upstream_name));
    return ServedCompletion{std::move(*target), PolicyKind::resource, std::move(own_ref)};
}

std::string ServedItems::exposed_uri(const ConnectorName& connector,
                                     std::string_view upstream_uri) const {
    const ExposedItems* own = nullptr;
    std::size_t offering = 0;
    for (const auto& items : connectors_) {
        if (items->offers_resources()) {
            ++offering;
            own = items->connector().name == connector ? items.get() : own;
        }
    }
    if (own == nullptr || offering < 2) {
        return std::string(upstream_uri);
    }
    const ExposedItems* const owner = owner_of(upstream_uri);
    const bool plain = owner == own || (owner == nullptr && is_web_link(upstream_uri));
    return plain ? std::string(upstream_uri) : namespaced_uri(connector, upstream_uri);
}

} // namespace gatehouse::gateway
