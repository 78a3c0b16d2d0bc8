// Policy: the ordered rules of the gateway file, compiled once. decide() is pure and bounded: globs
// and RE2 only, argument conditions look at the raw bytes.
#pragma once

#include "gateway/config/gateway_config.hpp"
#include "runtime/base/result.hpp"

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::gateway {

// What a question is about.
enum class PolicyKind { tool, prompt, resource };

struct PolicyQuestion {
    std::string_view principal; // "agent:ci"
    std::string_view virtual_server;
    std::string_view connector;
    std::string_view tool;      // the connector's own name of the tool or prompt, or its URI
    std::string_view arguments; // validated JSON object, or empty
    PolicyKind kind = PolicyKind::tool;
};

struct PolicyAnswer {
    bool allowed = false;
    std::string_view
        rule; // name of the deciding rule; "default" if none matched. Lives with the Policy.
};

class Policy {
  public:
    static Result<Policy> compile(const std::vector<PolicyRule>& rules);
    Policy(Policy&&) noexcept;
    Policy& operator=(Policy&&) noexcept;
    ~Policy();
    // Goes on by the other's rules. What was answered before stays valid: the names of rules that
    // were ever in force are kept.
    void replace(Policy next);
    PolicyAnswer decide(const PolicyQuestion& question) const;
    // Whether it can ever be allowed for this principal, whatever the arguments: what the lists
    // show. What is denied by a rule without argument conditions is hidden.
    bool may_ever_allow(const PolicyQuestion& question) const;

  private:
    struct Impl;
    explicit Policy(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
    std::set<std::string> retired_names_; // of rules; answers about them may still be in use
};

// Shell-like glob with * and ? on the whole text; linear time.
bool glob_matches(std::string_view glob, std::string_view text);

} // namespace gatehouse::gateway
