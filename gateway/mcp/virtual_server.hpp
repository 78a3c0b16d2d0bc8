// VirtualServer: one client-facing endpoint's view of its connectors: what it offers to whom, and
// to which connector a name or URI belongs. Policy is not asked here, except by list(): who routes
// a name asks policy about the target. One event loop.
#pragma once

#include "gateway/config/gateway_config.hpp"
#include "gateway/mcp/protocol.hpp"
#include "gateway/mcp/served_items.hpp"
#include "gateway/mcp/served_tools.hpp"
#include "gateway/policy/policy.hpp"
#include "runtime/base/task.hpp"
#include "runtime/connector_directory.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::gateway {

// One request for tools/list, prompts/list, resources/list or resources/templates/list.
struct ListRequest {
    runtime::ListKind kind = runtime::ListKind::tools;
    Era era = Era::legacy;                         // the client's
    std::shared_ptr<const runtime::Caller> caller; // never null
    std::string cursor;                            // params.cursor; empty: the first page
    PrincipalId principal;                         // whom policy is asked about
    const Policy* policy = nullptr;                // never null; outlives the request
};

// A connector that a name may belong to, and of which nothing is known because it never started.
struct UnlearnedConnector {
    ConnectorName connector;
    std::string upstream_name; // the connector's own, if it has it
    Error failure;
};

class VirtualServer {
  public:
    VirtualServer(Executor executor, VirtualServerConfig config,
                  runtime::ConnectorDirectory& directory);

    // Until reconfigure(): not to be kept across a suspension. The name stays.
    const VirtualServerConfig& config() const { return config_; }
    // Goes on by another configuration of the same name. Requests in flight keep what they found.
    void reconfigure(VirtualServerConfig config);
    // Raw JSON object of what we call ourselves, for serverInfo and `_meta` of modern results.
    const std::string& server_info() const { return server_info_; }
    // The connectors' own instructions, joined.
    std::string instructions() const;

    // Raw JSON of ServerCapabilities: the union of the connectors', cut by what is exposed. A
    // connector that was never seen counts as one that may offer every list. `version`: the
    // negotiated revision of a legacy session; empty: the newest.
    std::string capabilities(Era era, const runtime::Caller& caller,
                             std::string_view version = {}) const;
    // Whether capabilities() names the list: where it does not, the list's methods do not exist.
    bool offers(runtime::ListKind kind, const runtime::Caller& caller) const;

    // Starts, side by side, the connectors never seen so far (name not empty: only those whose
    // prefix fits it) and waits for their lists. One that fails is left out and logged; with an
    // empty name, one that failed before is not waited for longer than a second.
    Task<void> learn(std::string name, std::chrono::milliseconds deadline);
    Task<void> learn_all(std::chrono::milliseconds deadline) { return learn({}, deadline); }
    // After learn(name): whose start failed, of those that the name of a tool or prompt may belong
    // to.
    std::vector<UnlearnedConnector> unlearned(std::string_view name, PolicyKind kind) const;

    // The raw JSON of the list's result for that era: items in a steady order, without what policy
    // can never allow, at most 1000 items or 1 MiB a page. Waits for connectors never seen (their
    // start), for resources that only an instance of the caller's own can show (its start, too),
    // and at most a second for lists that connectors do not announce changes of. Error GH-M425: the
    // cursor is not one of this list (-32602).
    Task<Result<std::string>> list(ListRequest request);

    // From what is known now; never waits.
    std::shared_ptr<const ServedTools> served();

    // Whose prompt or resource it is; empty: nobody's. From what is known now: learn() before. A
    // resource is found by its exact URI, by its namespaced one, by a template, or because one
    // connector alone offers resources.
    std::optional<ServedTarget> find_prompt(std::string_view name, const runtime::Caller& caller);
    std::optional<ServedTarget> find_resource(std::string_view uri, const runtime::Caller& caller);
    // `ref` is the raw JSON of completion/complete's params.ref.
    std::optional<ServedCompletion> find_completion(std::string_view ref,
                                                    const runtime::Caller& caller);

    // How clients of this virtual server write a connector's URI.
    std::string exposed_uri(const ConnectorName& connector, std::string_view upstream_uri,
                            const runtime::Caller& caller);
    // Whether what this connector sends may hold URIs that have another form here. False: spare
    // rewrite_uris.
    bool rewrites_uris(const ConnectorName& connector) const;
    // The raw JSON of a result or of a notification's params with every URI of a resource in its
    // exposed form (resource contents, links and embedded resources, resources/updated).
    std::string rewrite_uris(const ConnectorName& connector, std::string_view raw,
                             const runtime::Caller& caller);

  private:
    Task<void> learn_one(ConnectorName name, std::chrono::milliseconds deadline);
    Task<void> refresh(runtime::ListKind kind, std::shared_ptr<const runtime::Caller> caller);
    Task<void> refresh_one(ConnectorName name, runtime::ListKind kind,
                           std::shared_ptr<const runtime::Caller> caller);
    Task<void> learn_own_resources(ConnectorName name,
                                   std::shared_ptr<const runtime::Caller> caller);
    Result<std::string> list_now(const ListRequest& request);
    std::int64_t list_ttl_ms(const ListRequest& request) const;
    ServedItems items_for(const runtime::Caller& caller);
    void warn(const std::vector<std::string>& warnings);

    Executor executor_;
    VirtualServerConfig config_;
    runtime::ConnectorDirectory& directory_;
    std::string server_info_;
    std::vector<std::shared_ptr<const runtime::Catalogue>> built_from_;
    std::shared_ptr<const ServedTools> served_;
    ExposedItemsCache exposed_items_;
    std::set<ConnectorName> failed_; // to be learned; the next list does not wait for them
    std::map<ConnectorName, Error> start_failures_; // the last of each that nothing is known of
    std::set<std::string> warned_;                  // each warning is logged once
};

} // namespace gatehouse::gateway
