#include "gateway/virtual_server/exposed_items.hpp"

#include "gateway/policy/policy.hpp"
#include "runtime/session/json_scan.hpp"

#include <algorithm>
#include <utility>

namespace gatehouse::gateway {

namespace {

constexpr std::size_t exposed_items_max_count = 64;
// A URI is held against so many templates of one connector at most: whoever makes them hard to
// match must not hold up the others.
constexpr std::size_t matched_templates_max_count = 256;

bool any_item_glob_matches(const std::vector<std::string>& globs, std::string_view name) {
    return std::any_of(globs.begin(), globs.end(),
                       [name](const std::string& glob) { return glob_matches(glob, name); });
}

} // namespace

bool is_selected(const NameSelection& selection, std::string_view name) {
    return any_item_glob_matches(selection.allow, name) &&
           !any_item_glob_matches(selection.deny, name);
}

bool exposes_list(const ExposedConnector& connector, const runtime::Catalogue* catalogue,
                  runtime::ListKind kind) {
    using runtime::ListKind;
    const std::vector<std::string>* const allowed[] = {
        &connector.tools.allow, &connector.prompts.allow, &connector.resources.allow,
        &connector.resources.allow};
    if (allowed[static_cast<int>(kind)]->empty()) {
        return false;
    }
    if (catalogue == nullptr || !catalogue->list(kind).empty()) {
        return true;
    }
    const bool of_resources = kind == ListKind::resources || kind == ListKind::resource_templates;
    const std::string_view capability = of_resources ? "resources" : runtime::list_member(kind);
    return runtime::find_member(catalogue->capabilities, capability).has_value() ||
           (of_resources &&
            !(catalogue->resources.empty() && catalogue->resource_templates.empty()));
}

ExposedItems::ExposedItems(const ExposedConnector& connector,
                           std::shared_ptr<const runtime::Catalogue> catalogue)
    : connector_(connector), catalogue_(std::move(catalogue)) {
    fill(runtime::ListKind::prompts, connector.prompts);
    fill(runtime::ListKind::resources, connector.resources);
    fill(runtime::ListKind::resource_templates, connector.resources);
    for (const auto* item : list(runtime::ListKind::resource_templates)) {
        if (templates_.size() < matched_templates_max_count) {
            templates_.push_back(UriTemplate::compile(item->name));
        }
    }
}

void ExposedItems::fill(runtime::ListKind kind, const NameSelection& selection) {
    List& list = lists_[static_cast<int>(kind)];
    for (const runtime::CatalogueItem& item : catalogue_->list(kind)) {
        if (is_selected(selection, item.name)) {
            const bool is_new = list.by_name.emplace(item.name, list.items.size()).second;
            if (is_new) {
                list.items.push_back(&item);
            }
        }
    }
}

const std::vector<const runtime::CatalogueItem*>& ExposedItems::list(runtime::ListKind kind) const {
    return lists_[static_cast<int>(kind)].items;
}

bool ExposedItems::has(runtime::ListKind kind, std::string_view name) const {
    return lists_[static_cast<int>(kind)].by_name.contains(name);
}

bool ExposedItems::offers_resources() const {
    return exposes_list(connector_, catalogue_.get(), runtime::ListKind::resources);
}

bool ExposedItems::template_makes(std::string_view uri) const {
    return std::any_of(templates_.begin(), templates_.end(),
                       [uri](const auto& one) { return one && one->makes(uri); });
}

std::string ExposedItems::template_sample(std::string_view uri_template) const {
    const List& list = lists_[static_cast<int>(runtime::ListKind::resource_templates)];
    const auto found = list.by_name.find(uri_template);
    const bool compiled = found != list.by_name.end() && found->second < templates_.size() &&
                          templates_[found->second];
    return compiled ? templates_[found->second]->sample() : "";
}

std::shared_ptr<const ExposedItems>
ExposedItemsCache::get(const ExposedConnector& connector,
                       std::shared_ptr<const runtime::Catalogue> catalogue) {
    for (const auto& entry : entries_) {
        if (entry->catalogue() == catalogue && &entry->connector() == &connector) {
            return entry;
        }
    }
    auto made = std::make_shared<const ExposedItems>(connector, std::move(catalogue));
    std::erase_if(entries_, [](const auto& entry) { return entry->catalogue().use_count() == 1; });
    if (entries_.size() < exposed_items_max_count) {
        entries_.push_back(made);
    } else {
        next_out_ = (next_out_ + 1) % entries_.size();
        entries_[next_out_] = made;
    }
    return made;
}

} // namespace gatehouse::gateway
