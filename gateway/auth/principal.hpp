// Principal: who is asking, after authentication. Only auth/ makes one. Pure value.
#pragma once

#include "runtime/base/ids.hpp"

#include <string>

namespace gatehouse::gateway {

class Principal {
  public:
    const PrincipalId& id() const { return id_; }     // "agent:ci"
    const std::string& name() const { return name_; } // "ci"

  private:
    friend class AgentRegistry;
    Principal(PrincipalId id, std::string name) : id_(std::move(id)), name_(std::move(name)) {}
    PrincipalId id_;
    std::string name_;
};

} // namespace gatehouse::gateway
