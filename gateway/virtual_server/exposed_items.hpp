// ExposedItems: the prompts, resources and resource templates of one connector that a virtual
// server shows, ready to be searched. Names and URIs are the connector's own here. Pure.
#pragma once

#include "gateway/config/gateway_config.hpp"
#include "gateway/virtual_server/uri_template.hpp"
#include "runtime/catalogue.hpp"

#include <cstddef>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace gatehouse::gateway {

// Whether the selection shows a name or URI.
bool is_selected(const NameSelection& selection, std::string_view name);

// Whether the virtual server offers this list because of the connector: something is exposed, and
// the connector says it has the list. A connector never seen (null) may have every one.
bool exposes_list(const ExposedConnector& connector, const runtime::Catalogue* catalogue,
                  runtime::ListKind kind);

class ExposedItems {
  public:
    // `connector` outlives it.
    ExposedItems(const ExposedConnector& connector,
                 std::shared_ptr<const runtime::Catalogue> catalogue);
    ExposedItems(const ExposedItems&) = delete;
    ExposedItems& operator=(const ExposedItems&) = delete;

    const ExposedConnector& connector() const { return connector_; }
    const std::shared_ptr<const runtime::Catalogue>& catalogue() const { return catalogue_; }
    // In the connector's order. Not for tools: they have a table of their own.
    const std::vector<const runtime::CatalogueItem*>& list(runtime::ListKind kind) const;
    bool has(runtime::ListKind kind, std::string_view name) const;
    // Whether the URI may be read here by what the configuration says.
    bool shows_uri(std::string_view uri) const { return is_selected(connector_.resources, uri); }
    // Whether it says that it has resources, and some are to be shown.
    bool offers_resources() const;
    // Whether one of its templates makes this URI. Only the first 256 are asked.
    bool template_makes(std::string_view uri) const;
    // A URI that this template of its makes; empty if that cannot be told.
    std::string template_sample(std::string_view uri_template) const;

  private:
    struct List {
        std::vector<const runtime::CatalogueItem*> items;
        std::unordered_map<std::string_view, std::size_t> by_name;
    };
    void fill(runtime::ListKind kind, const NameSelection& selection);

    const ExposedConnector& connector_;
    std::shared_ptr<const runtime::Catalogue> catalogue_;
    List lists_[4]; // by ListKind; that of the tools stays empty
    std::vector<std::optional<UriTemplate>> templates_; // in the order of the list
};

// Builds ExposedItems once per catalogue. Bounded: catalogues that nobody else holds any more go
// first.
class ExposedItemsCache {
  public:
    std::shared_ptr<const ExposedItems> get(const ExposedConnector& connector,
                                            std::shared_ptr<const runtime::Catalogue> catalogue);

  private:
    std::vector<std::shared_ptr<const ExposedItems>> entries_;
    std::size_t next_out_ = 0;
};

} // namespace gatehouse::gateway
