// AgentRegistry: machine identities with API tokens. A token is "gth_" and 43 base64url characters
// of 256 random bits; only its SHA-256 is stored. Authentication is a look-up in memory.
#pragma once

#include "gateway/auth/principal.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/secret.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::gateway {

class Store;

struct AgentInfo {
    std::string name;
    std::string created_at; // RFC 3339
    std::string token_hint; // the last 4 characters
};

class AgentRegistry {
  public:
    // Loads all agents from the store (it owns its table).
    static Result<std::unique_ptr<AgentRegistry>> open(Store& store, const Clock& clock);
    ~AgentRegistry();
    // GH-A110 bad name ([a-z0-9-]{1,40}); GH-A111 exists already. The token is shown once.
    Result<Secret> create(const std::string& name);
    Result<void> remove(const std::string& name);
    std::vector<AgentInfo> list() const;
    // For an operator who calls as this agent; empty: there is none of that name.
    std::optional<Principal> find(const std::string& name) const;

    // The Authorization header's value ("Bearer gth_…"), or empty optional if absent. Errors
    // GH-A120 (none), GH-A121 (malformed or unknown; never says which).
    Result<Principal> authenticate(std::optional<std::string_view> authorization) const;

  private:
    struct Impl;
    explicit AgentRegistry(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace gatehouse::gateway
