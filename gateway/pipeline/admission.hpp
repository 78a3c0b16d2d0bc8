// The first three stages: Host and Origin, authentication, routing with the audience. All pure but
// for the look-ups; none reads the body.
#pragma once

#include "gateway/auth/agents.hpp"
#include "gateway/config/gateway_config.hpp"
#include "gateway/pipeline/stages.hpp"
#include "runtime/base/result.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

namespace gatehouse::gateway {

// Against DNS rebinding: the Host (and Origin, if sent) must be one of ours. Loopback names are
// allowed.
class HostCheck {
  public:
    HostCheck(std::string_view public_url, const std::vector<std::string>& allowed_hosts);
    // Error GH-G920.
    Result<CheckedRequest> operator()(const HttpRequest& request) const;

  private:
    bool allowed(std::string_view authority) const;
    std::set<std::string, std::less<>> hosts_; // lower case, without port
};

class Authenticate {
  public:
    explicit Authenticate(const AgentRegistry& agents) : agents_(agents) {}
    // Errors GH-A120, GH-A121. A token in the query is never looked at.
    Result<AuthenticatedRequest> operator()(const CheckedRequest& request) const;

  private:
    const AgentRegistry& agents_;
};

using VirtualServers = std::map<std::string, std::shared_ptr<VirtualServer>, std::less<>>;

class Route {
  public:
    explicit Route(const VirtualServers& servers) : servers_(servers) {}
    // Error GH-N404 for an unknown virtual server and for one whose audience lacks the principal
    // alike.
    Result<RoutedRequest> operator()(AuthenticatedRequest request) const;

  private:
    const VirtualServers& servers_;
};

// "/v/demo/mcp" → "demo"; empty if the path has another form.
std::string_view virtual_server_of(std::string_view path);

} // namespace gatehouse::gateway
