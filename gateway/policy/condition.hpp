// One compiled argument condition of a rule. Pure.
#pragma once

#include "gateway/config/gateway_config.hpp"
#include "runtime/base/result.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace re2 {
class RE2;
}

namespace gatehouse::gateway {

class Condition {
  public:
    // Errors: GH-C506 (no JSON Pointer, no JSON value, no RE2 pattern).
    static Result<Condition> compile(const ArgumentCondition& source);
    Condition(Condition&&) noexcept;
    Condition& operator=(Condition&&) noexcept;
    ~Condition();
    const std::string& pointer() const { return source_.pointer; }
    // `value`: what the pointer finds in the arguments, exact bytes; empty if nothing.
    bool holds(std::optional<std::string_view> value) const;

  private:
    explicit Condition(ArgumentCondition source);
    bool holds_for(std::string_view value) const;

    ArgumentCondition source_;
    std::unique_ptr<re2::RE2> pattern_;
};

} // namespace gatehouse::gateway
