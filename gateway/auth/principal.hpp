// Principal: who is asking, after authentication. Only auth/ makes one. Pure value.
#pragma once

#include "runtime/base/ids.hpp"

#include <string>
#include <string_view>

namespace gatehouse::gateway {

class Principal {
  public:
    const PrincipalId& id() const { return id_; }     // "agent:ci"
    const std::string& name() const { return name_; } // "ci"

    // Who came through the admin socket, by what that knows of the peer ("uid:0"):
    // "operator:uid:0". No agent: in no audience by name.
    static Principal of_operator(std::string_view peer) {
        return Principal(PrincipalId("operator:" + std::string(peer)), "");
    }

  private:
    friend class AgentRegistry;
    Principal(PrincipalId id, std::string name) : id_(std::move(id)), name_(std::move(name)) {}
    PrincipalId id_;
    std::string name_;
};

} // namespace gatehouse::gateway
