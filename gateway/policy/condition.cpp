#include "gateway/policy/condition.hpp"

#include "gateway/policy/json_compare.hpp"
#include "runtime/session/json_scan.hpp"

#include <algorithm>
#include <cmath>
#include <re2/re2.h>

namespace gatehouse::gateway {

namespace {

constexpr std::int64_t pattern_max_memory_bytes = 1 << 20;

using Test = ArgumentCondition::Test;

Error condition_error(const ArgumentCondition& source, std::string why) {
    return Error{"GH-C506", "an argument condition cannot be used", source.pointer, std::move(why),
                 "correct the policy rule"};
}

bool pointer_is_valid(std::string_view pointer) {
    if (!pointer.empty() && pointer[0] != '/') {
        return false;
    }
    for (auto at = pointer.find('~'); at != std::string_view::npos;
         at = pointer.find('~', at + 1)) {
        if (at + 1 == pointer.size() || (pointer[at + 1] != '0' && pointer[at + 1] != '1')) {
            return false;
        }
    }
    return true;
}

} // namespace

Condition::Condition(ArgumentCondition source) : source_(std::move(source)) {}
Condition::Condition(Condition&&) noexcept = default;
Condition& Condition::operator=(Condition&&) noexcept = default;
Condition::~Condition() = default;

Result<Condition> Condition::compile(const ArgumentCondition& source) {
    if (!pointer_is_valid(source.pointer)) {
        return condition_error(source, "it is no JSON Pointer");
    }
    Condition condition(source);
    const bool compares = source.test == Test::equals || source.test == Test::in;
    const bool one_value = source.test == Test::equals || source.test == Test::matches;
    if ((one_value && source.values.size() != 1) || (compares && source.values.empty())) {
        return condition_error(source, "a value is missing or too many are given");
    }
    if (compares) {
        for (const std::string& value : source.values) {
            if (!runtime::validate_json(value)) {
                return condition_error(source, "'" + value + "' is no JSON value");
            }
        }
    }
    if (source.test == Test::matches) {
        re2::RE2::Options options(re2::RE2::Quiet);
        options.set_max_mem(pattern_max_memory_bytes);
        condition.pattern_ = std::make_unique<re2::RE2>(source.values[0], options);
        if (!condition.pattern_->ok()) {
            return condition_error(source, "no RE2 pattern: " + condition.pattern_->error());
        }
    }
    if (!std::isfinite(source.number)) {
        return condition_error(source, "the number is not finite");
    }
    return condition;
}

bool Condition::holds(std::optional<std::string_view> value) const {
    if (source_.test == Test::present) {
        return value.has_value() == source_.present;
    }
    return value && holds_for(*value);
}

bool Condition::holds_for(std::string_view value) const {
    switch (source_.test) {
    case Test::equals:
    case Test::in:
        return std::any_of(
            source_.values.begin(), source_.values.end(),
            [value](const std::string& wanted) { return json_equal(wanted, value); });
    case Test::matches: {
        const auto text = runtime::string_value(value);
        return text && re2::RE2::PartialMatch(re2::StringPiece(*text), *pattern_);
    }
    case Test::less: {
        const auto number = number_value(value);
        return number && *number < source_.number;
    }
    case Test::greater: {
        const auto number = number_value(value);
        return number && *number > source_.number;
    }
    case Test::present:
        break;
    }
    return false;
}

} // namespace gatehouse::gateway
