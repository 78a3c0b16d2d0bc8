// A VirtualServer over connectors with behaviour of their own: each is known, still to be started,
// or one that cannot start.
#pragma once

#include "gateway/mcp/virtual_server.hpp"
#include "runtime/base/json.hpp"
#include "runtime/base/task_group.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace gatehouse::gateway::testing {

inline runtime::CatalogueItem tool_item(const std::string& name) {
    return {name, R"({"name":")" + name + R"(","inputSchema":{"type":"object"}})"};
}
inline runtime::CatalogueItem prompt_item(const std::string& name) {
    return {name, R"({"name":")" + name + R"("})"};
}
inline runtime::CatalogueItem resource_item(const std::string& uri) {
    return {uri, R"({"uri":")" + uri + R"(","name":"n"})"};
}
inline runtime::CatalogueItem template_item(const std::string& text) {
    return {text, R"({"uriTemplate":")" + text + R"(","name":"n"})"};
}

class ConnectorsWithBehaviour final : public runtime::ConnectorDirectory {
  public:
    explicit ConnectorsWithBehaviour(asio::io_context& loop) : loop_(loop) {}

    bool contains(const ConnectorName& name) const override { return known.contains(name.str()); }
    std::shared_ptr<const runtime::Catalogue>
    known_catalogue(const ConnectorName& name) const override {
        const auto found = known.find(name.str());
        return found == known.end() ? nullptr : found->second;
    }
    std::shared_ptr<const runtime::Catalogue>
    known_catalogue(const ConnectorName& name, const runtime::Caller& caller) const override {
        const auto own = of_member.find(caller.principal.str() + " " + name.str());
        return own == of_member.end() ? known_catalogue(name) : own->second;
    }
    Task<Result<std::shared_ptr<const runtime::Catalogue>>>
    catalogue(ConnectorName name, std::chrono::milliseconds deadline) override {
        waits[name.str()].push_back(deadline);
        side_by_side_max = std::max(side_by_side_max, ++running_);
        auto turn = asio::post(loop_.get_executor(), asio::use_awaitable);
        co_await std::move(turn);
        --running_;
        const auto started = startable.find(name.str());
        if (started == startable.end()) {
            co_return Error{"GH-P301", "the connector ended", "", "exit status 1", ""};
        }
        known[name.str()] = started->second;
        co_return started->second;
    }
    Task<void> refresh(ConnectorName name, runtime::ListKind kind,
                       std::shared_ptr<const runtime::Caller>,
                       std::chrono::milliseconds deadline) override {
        CHECK(deadline <= std::chrono::seconds(1));
        refreshed.push_back(name.str() + " " + std::string(runtime::list_member(kind)));
        const auto newer = refreshable.find(name.str());
        if (newer != refreshable.end()) {
            known[name.str()] = newer->second;
        }
        co_return;
    }
    Task<runtime::CallReply> call(ConnectorName, std::shared_ptr<runtime::ConnectorCall>) override {
        co_return runtime::CallReply();
    }
    bool validates_arguments(const ConnectorName&) const override { return true; }
    std::chrono::milliseconds call_timeout(const ConnectorName&) const override {
        return std::chrono::seconds(5);
    }
    std::vector<SecretName> required_secrets(const ConnectorName&) const override { return {}; }

    using Catalogues = std::map<std::string, std::shared_ptr<const runtime::Catalogue>>;
    Catalogues known;
    Catalogues startable;
    Catalogues refreshable;
    Catalogues of_member; // "agent:ci notes"
    std::map<std::string, std::vector<std::chrono::milliseconds>> waits;
    std::vector<std::string> refreshed;
    int side_by_side_max = 0;

  private:
    asio::io_context& loop_;
    int running_ = 0;
};

class VirtualServerStage {
  public:
    VirtualServerStage() : directory(loop) {
        config.name = VirtualServerName("demo");
        config.title = "Demo";
    }

    // The catalogue may be filled until the server is first asked for.
    runtime::Catalogue& connector(const std::string& name, const std::string& prefix) {
        auto made = std::make_shared<runtime::Catalogue>();
        directory.known[name] = made;
        expose(name, prefix);
        return *made;
    }
    void expose(const std::string& name, const std::string& prefix) {
        ExposedConnector exposed;
        exposed.name = ConnectorName(name);
        exposed.prefix = prefix;
        config.connectors.push_back(std::move(exposed));
    }
    VirtualServer& server() {
        if (server_ == nullptr) {
            server_ = std::make_unique<VirtualServer>(loop.get_executor(), config, directory);
        }
        return *server_;
    }

    Result<std::string> list(runtime::ListKind kind, Era era = Era::legacy,
                             const std::string& cursor = "") {
        Result<std::string> out = Error{"GH-M499", "it never ended", "", "", ""};
        ListRequest request;
        request.kind = kind;
        request.era = era;
        request.caller = std::make_shared<const runtime::Caller>(caller);
        request.cursor = cursor;
        request.principal = caller.principal;
        const auto policy = Policy::compile(rules);
        REQUIRE(policy.has_value());
        request.policy = &*policy;
        TaskGroup tasks(loop.get_executor());
        tasks.spawn("list", keep(server(), std::move(request), out));
        loop.restart();
        loop.run();
        return out;
    }
    Json json_list(runtime::ListKind kind, Era era = Era::legacy, const std::string& cursor = "") {
        const auto text = list(kind, era, cursor);
        if (!text) {
            FAIL(to_text(text.error()));
        }
        auto parsed = parse_json(*text);
        REQUIRE(parsed.has_value());
        return std::move(*parsed);
    }
    // The names, URIs or templates of a list, separated by spaces.
    std::string names(runtime::ListKind kind) {
        const Json result = json_list(kind);
        const char* const members[] = {"name", "name", "uri", "uriTemplate"};
        std::string all;
        for (const Json& item : result.at(std::string(runtime::list_member(kind)))) {
            all += all.empty() ? "" : " ";
            all += item.at(members[static_cast<int>(kind)]).get<std::string>();
        }
        return all;
    }
    // "connector upstream-name", or "-".
    static std::string text_of(const std::optional<ServedTarget>& target) {
        return target ? target->connector.str() + " " + target->upstream_name : "-";
    }
    std::string resource(std::string_view uri) {
        return text_of(server().find_resource(uri, caller));
    }
    std::string prompt(std::string_view name) {
        return text_of(server().find_prompt(name, caller));
    }

    asio::io_context loop{1};
    ConnectorsWithBehaviour directory;
    VirtualServerConfig config;
    runtime::Caller caller{.principal = PrincipalId("agent:ci"), .session = {}, .client_info = {}};
    std::vector<PolicyRule> rules;

  private:
    static Task<void> keep(VirtualServer& server, ListRequest request, Result<std::string>& out) {
        auto listing = server.list(std::move(request));
        auto listed = co_await std::move(listing);
        out = std::move(listed);
    }
    std::unique_ptr<VirtualServer> server_;
};

} // namespace gatehouse::gateway::testing
