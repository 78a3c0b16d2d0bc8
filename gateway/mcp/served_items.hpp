// ServedItems: the prompts, resources and templates of all connectors of one virtual server as one
// caller sees them: whose a name or URI is, and how it is written here. A value made per request
// from indexes that are kept. Pure.
//
// Prompts carry their connector's prefix; of two with one name the first stays. A resource keeps
// its URI; where an earlier connector in the configuration has the same, the later one's is written
// <connector>+<uri>.
#pragma once

#include "gateway/policy/policy.hpp"
#include "gateway/virtual_server/exposed_items.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::gateway {

// To which connector a prompt or a URI belongs, and what it is called there.
struct ServedTarget {
    ConnectorName connector;
    std::string upstream_name;
};

// Whom completion/complete is for.
struct ServedCompletion {
    ServedTarget target;
    PolicyKind kind = PolicyKind::prompt; // prompt or resource: how policy sees the target
    std::string ref;                      // raw JSON of params.ref as the connector knows it
};

// One item of a list as clients of the virtual server see it.
struct ListEntry {
    std::string name; // exposed name, URI or template
    const ConnectorName* connector = nullptr;
    std::string_view upstream_name;
    std::string_view definition; // of the connector, or exposed already if rename_member is empty
    std::string_view rename_member; // the member that holds the name and must get the exposed one
};

class ServedItems {
  public:
    // One per connector in the order of the configuration; those of unknown connectors are left
    // out.
    explicit ServedItems(std::vector<std::shared_ptr<const ExposedItems>> connectors)
        : connectors_(std::move(connectors)) {}

    // Prompts, resources or templates, connector by connector. What is left out is told of.
    std::vector<ListEntry> list(runtime::ListKind kind, std::vector<std::string>& warnings) const;

    std::optional<ServedTarget> find_prompt(std::string_view name) const;
    std::optional<ServedTarget> find_resource(std::string_view uri) const;
    // By the exposed form of a template, or of a resource's URI.
    std::optional<ServedCompletion> find_completion(std::string_view ref) const;
    std::string exposed_uri(const ConnectorName& connector, std::string_view upstream_uri) const;

  private:
    const ExposedItems* earlier_owner(const ExposedItems& items, runtime::ListKind kind,
                                      std::string_view name) const;
    std::string exposed_name(const ExposedItems& items, runtime::ListKind kind,
                             std::string_view name) const;
    struct NamespacedUri {
        const ExposedItems* items;
        std::string_view own; // within the URI that was asked for
    };
    std::optional<NamespacedUri> find_namespaced(std::string_view uri) const;
    const ExposedItems* owner_of(std::string_view uri) const;

    std::vector<std::shared_ptr<const ExposedItems>> connectors_;
};

} // namespace gatehouse::gateway
