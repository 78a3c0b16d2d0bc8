#include "gateway/policy/policy.hpp"

#include "gateway/policy/condition.hpp"
#include "gateway/policy/glob.hpp"
#include "runtime/session/json_scan.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace gatehouse::gateway {

namespace {

constexpr std::string_view default_rule = "default";
constexpr GlobStart fits_nothing{0, 1};

bool concerns_kind(const PolicyRule& rule, PolicyKind kind) {
    if (kind == PolicyKind::resource && !rule.arguments.empty()) {
        return false;
    }
    const bool names_none = rule.tools.empty() && rule.prompts.empty() && rule.resources.empty();
    const std::vector<std::string>* const named[] = {&rule.tools, &rule.prompts, &rule.resources};
    return names_none || !named[static_cast<int>(kind)]->empty();
}

struct CompiledRule {
    std::string_view name; // kept by the policy's Impl
    bool allow = false;
    GlobList principals;
    GlobList virtual_servers;
    GlobList connectors;
    std::array<GlobList, 3> names; // by PolicyKind
    struct Argument {
        Condition condition;
        std::size_t pointer_index; // into Policy::Impl::pointers
    };
    std::vector<Argument> arguments;

    bool concerns(const PolicyQuestion& question) const {
        return names[static_cast<std::size_t>(question.kind)].matches(question.tool) &&
               connectors.matches(question.connector) && principals.matches(question.principal) &&
               virtual_servers.matches(question.virtual_server);
    }
};

// What the rules' pointers find in one question's arguments. Each is looked up once, when first
// asked for, however many rules look at it: large arguments are not walked rule by rule.
class FoundArguments {
  public:
    FoundArguments(std::string_view arguments, const std::vector<std::string>& pointers)
        : arguments_(arguments), pointers_(pointers) {}

    std::optional<std::string_view> at(std::size_t index) {
        if (found_.empty()) {
            found_.resize(pointers_.size());
        }
        auto& entry = found_[index];
        if (!entry) {
            entry = arguments_.empty() ? std::nullopt
                                       : runtime::find_pointer(arguments_, pointers_[index]);
        }
        return *entry;
    }

  private:
    std::string_view arguments_;
    const std::vector<std::string>& pointers_;
    std::vector<std::optional<std::optional<std::string_view>>> found_;
};

} // namespace

struct Policy::Impl {
    std::set<std::string> names; // of the rules, at places that never move
    std::vector<CompiledRule> rules;
    // Of each rule, close together; by PolicyKind. A rule that does not concern a kind fits nothing
    // of it.
    std::array<std::vector<GlobStart>, 3> starts;
    std::vector<std::string> pointers;

    // Calls found(rule) for those that concern the question, in order, until it says true.
    template <class Found>
    void for_each_concerned(const PolicyQuestion& question, const Found& found) const {
        const std::uint64_t first = first_bytes(question.tool);
        const auto& fitting = starts[static_cast<std::size_t>(question.kind)];
        for (std::size_t i = 0; i < rules.size(); ++i) {
            if (fitting[i].fits(first) && rules[i].concerns(question) && found(rules[i])) {
                return;
            }
        }
    }

    std::size_t pointer_index(const std::string& pointer) {
        const auto known = std::find(pointers.begin(), pointers.end(), pointer);
        const auto index = static_cast<std::size_t>(known - pointers.begin());
        if (known == pointers.end()) {
            pointers.push_back(pointer);
        }
        return index;
    }
};

Policy::Policy(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Policy::Policy(Policy&&) noexcept = default;
Policy& Policy::operator=(Policy&&) noexcept = default;
Policy::~Policy() = default;

Result<Policy> Policy::compile(const std::vector<PolicyRule>& rules) {
    auto impl = std::make_unique<Impl>();
    impl->rules.reserve(rules.size());
    for (const PolicyRule& rule : rules) {
        CompiledRule compiled{
            *impl->names.insert(rule.name).first,
            rule.allow,
            GlobList(rule.principals),
            GlobList(rule.virtual_servers),
            GlobList(rule.connectors),
            {GlobList(rule.tools), GlobList(rule.prompts), GlobList(rule.resources)},
            {}};
        for (const ArgumentCondition& source : rule.arguments) {
            auto condition = Condition::compile(source);
            if (!condition) {
                Error error = condition.error();
                error.where = "policy rule '" + rule.name + "', argument " + error.where;
                return error;
            }
            const std::size_t index = impl->pointer_index(source.pointer);
            compiled.arguments.push_back({std::move(*condition), index});
        }
        for (const PolicyKind kind : {PolicyKind::tool, PolicyKind::prompt, PolicyKind::resource}) {
            const auto index = static_cast<std::size_t>(kind);
            impl->starts[index].push_back(concerns_kind(rule, kind) ? compiled.names[index].start()
                                                                    : fits_nothing);
        }
        impl->rules.push_back(std::move(compiled));
    }
    return Policy(std::move(impl));
}

void Policy::replace(Policy next) {
    // Places of names are taken over with the names, so the set grows by names never seen alone.
    retired_names_.merge(impl_->names);
    for (CompiledRule& rule : next.impl_->rules) {
        rule.name = *retired_names_.emplace(rule.name).first;
    }
    next.impl_->names.clear();
    impl_ = std::move(next.impl_);
}

PolicyAnswer Policy::decide(const PolicyQuestion& question) const {
    FoundArguments found(question.arguments, impl_->pointers);
    const auto holds = [&found](const CompiledRule::Argument& argument) {
        return argument.condition.holds(found.at(argument.pointer_index));
    };
    PolicyAnswer answer{true, default_rule};
    impl_->for_each_concerned(question, [&](const CompiledRule& rule) {
        if (!std::all_of(rule.arguments.begin(), rule.arguments.end(), holds)) {
            return false;
        }
        answer = PolicyAnswer{rule.allow, rule.name};
        return true;
    });
    return answer;
}

bool Policy::may_ever_allow(const PolicyQuestion& question) const {
    bool allowed = true;
    impl_->for_each_concerned(question, [&](const CompiledRule& rule) {
        allowed = rule.allow || !rule.arguments.empty();
        return rule.allow || rule.arguments.empty();
    });
    return allowed;
}

} // namespace gatehouse::gateway
