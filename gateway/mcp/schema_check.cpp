// Checking an instance against a compiled schema: bounded in steps and depth, whatever either looks
// like.
#include "gateway/mcp/schema_check.hpp"

#include "gateway/mcp/schema_uri.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace gatehouse::gateway {

namespace {

constexpr std::uint64_t schema_check_max_steps = 2'000'000;
constexpr std::size_t schema_check_max_depth = 600;
constexpr std::size_t schema_pointer_max_bytes = 200;

std::string schema_path_text(const SchemaPath* path) {
    std::vector<const SchemaPath*> frames;
    for (; path != nullptr; path = path->parent) {
        frames.push_back(path);
    }
    if (frames.empty()) {
        return "(top level)";
    }
    std::string text;
    for (auto frame = frames.rbegin(); frame != frames.rend(); ++frame) {
        text += "/";
        text += (*frame)->is_index ? std::to_string((*frame)->index)
                                   : json_pointer_token((*frame)->name);
        if (text.size() > schema_pointer_max_bytes) {
            text.resize(schema_pointer_max_bytes);
            return text + "...";
        }
    }
    return text;
}

std::string schema_type_names(std::uint8_t types) {
    static constexpr std::pair<SchemaTypeBit, const char*> names[] = {
        {schema_type_null, "null"},     {schema_type_boolean, "boolean"},
        {schema_type_number, "number"}, {schema_type_integer, "integer"},
        {schema_type_string, "string"}, {schema_type_array, "array"},
        {schema_type_object, "object"},
    };
    std::string text;
    for (const auto& [bit, name] : names) {
        if ((types & bit) != 0) {
            text += (text.empty() ? "" : " or ");
            text += name;
        }
    }
    return text;
}

std::uint8_t schema_kind_bits(const SchemaValue& value) {
    switch (value.kind) {
    case SchemaKind::null:
        return schema_type_null;
    case SchemaKind::boolean:
        return schema_type_boolean;
    case SchemaKind::number:
        return value.is_integer() ? schema_type_number | schema_type_integer : schema_type_number;
    case SchemaKind::string:
        return schema_type_string;
    case SchemaKind::array:
        return schema_type_array;
    case SchemaKind::object:
        return schema_type_object;
    }
    return 0;
}

std::uint64_t code_point_count(std::string_view text) {
    return static_cast<std::uint64_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
}

// 0.0075 is a multiple of 0.0001 to its writer, though not to binary fractions.
bool is_multiple(long double number, long double unit) {
    if (std::fmod(number, unit) == 0) {
        return true;
    }
    const long double quotient = number / unit;
    return std::floor(unit) != unit && std::fabs(quotient) < 1e12L &&
           std::fabs(quotient - std::round(quotient)) <=
               1e-14L * std::max(1.0L, std::fabs(quotient));
}

} // namespace

bool schema_regex_finds(const RE2& regex, std::string_view text) {
    return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), regex);
}

std::optional<std::string> SchemaCheck::run(const SchemaNode& root, const SchemaValue& instance) {
    const bool valid = check(root, SchemaSpot{instance, nullptr, nullptr});
    if (exhausted_ != nullptr) {
        return std::string("(top level): ") + exhausted_;
    }
    return valid ? std::nullopt : problem_;
}

bool SchemaCheck::spend(std::uint64_t steps) {
    steps_ += steps;
    if (steps_ > schema_check_max_steps) {
        exhausted_ = "cannot be checked: the schema and the value are too large together";
    }
    return exhausted_ == nullptr;
}

bool SchemaCheck::fail(SchemaSpot at, std::string_view text, std::string_view more,
                       std::string_view end) {
    if (quiet_ == 0 && !problem_) {
        problem_ = schema_path_text(at.path);
        problem_->append(": ").append(text).append(more).append(end);
    }
    return false;
}

bool SchemaCheck::fail_limit(SchemaSpot at, std::string_view text, long double limit,
                             std::string_view end) {
    std::array<char, 64> number;
    const int length = std::snprintf(number.data(), number.size(), "%.17Lg", limit);
    return fail(at, text, std::string_view(number.data(), static_cast<std::size_t>(length)), end);
}

bool SchemaCheck::check(const SchemaNode& node, SchemaSpot at) {
    if (!spend(1)) {
        return false;
    }
    if (++depth_ > schema_check_max_depth) {
        exhausted_ = "cannot be checked: the schema refers to itself without end, or the value is "
                     "nested too deeply";
        --depth_;
        return false;
    }
    bool valid = false;
    if (node.unevaluated_properties == nullptr && node.unevaluated_items == nullptr) {
        valid = check_assertions(node, at);
    } else {
        SchemaSeen own(at.value);
        const SchemaSpot inner{at.value, at.path, &own};
        valid = check_assertions(node, inner) && check_unevaluated(node, inner);
        if (valid && at.seen != nullptr) {
            at.seen->merge(own);
        }
    }
    --depth_;
    return valid;
}

bool SchemaCheck::check_assertions(const SchemaNode& node, SchemaSpot at) {
    if (node.never) {
        return fail(at, "is not allowed here");
    }
    if (!check_value(node, at)) {
        return false;
    }
    bool valid = true;
    if (at.value.kind == SchemaKind::object) {
        valid = check_object(node, at);
    } else if (at.value.kind == SchemaKind::array) {
        valid = check_array(node, at);
    } else if (at.value.kind == SchemaKind::string) {
        valid = check_string(node, at);
    } else if (at.value.kind == SchemaKind::number) {
        valid = check_number(node, at);
    }
    return valid && check_combined(node, at);
}

bool SchemaCheck::check_value(const SchemaNode& node, SchemaSpot at) {
    if (node.types != 0 && (node.types & schema_kind_bits(at.value)) == 0) {
        if (quiet_ > 0) {
            return false;
        }
        // Of a number only the general name is said: "must be integer, is number".
        const auto kind =
            static_cast<std::uint8_t>(schema_kind_bits(at.value) & ~schema_type_integer);
        return fail(at, "must be ", schema_type_names(node.types),
                    ", is " + schema_type_names(kind));
    }
    if (node.constant && !schema_values_equal(*node.constant, at.value)) {
        return fail(at, "must be the one value that the schema gives (const)");
    }
    if (node.enumeration) {
        const auto& allowed = *node.enumeration;
        spend(allowed.size());
        if (std::none_of(allowed.begin(), allowed.end(), [&](const SchemaValue& value) {
                return schema_values_equal(value, at.value);
            })) {
            return fail(at, "must be one of the values that the schema lists (enum)");
        }
    }
    return true;
}

bool SchemaCheck::check_number(const SchemaNode& node, SchemaSpot at) {
    const long double number = at.value.number;
    if (node.minimum && number < *node.minimum) {
        return fail_limit(at, "must be at least ", *node.minimum);
    }
    if (node.maximum && number > *node.maximum) {
        return fail_limit(at, "must be at most ", *node.maximum);
    }
    if (node.exclusive_minimum && number <= *node.exclusive_minimum) {
        return fail_limit(at, "must be more than ", *node.exclusive_minimum);
    }
    if (node.exclusive_maximum && number >= *node.exclusive_maximum) {
        return fail_limit(at, "must be less than ", *node.exclusive_maximum);
    }
    if (node.multiple_of && !is_multiple(number, *node.multiple_of)) {
        return fail_limit(at, "must be a multiple of ", *node.multiple_of);
    }
    return true;
}

bool SchemaCheck::check_string(const SchemaNode& node, SchemaSpot at) {
    if (node.min_length || node.max_length) {
        const std::uint64_t length = code_point_count(at.value.text);
        if (node.min_length && length < *node.min_length) {
            return fail_limit(at, "must have at least ", *node.min_length, " characters");
        }
        if (node.max_length && length > *node.max_length) {
            return fail_limit(at, "must have at most ", *node.max_length, " characters");
        }
    }
    if (node.pattern) {
        spend(at.value.text.size() / 64);
        if (!schema_regex_finds(*node.pattern, at.value.text)) {
            return fail(at, "must match the pattern ", node.pattern->pattern());
        }
    }
    return true;
}

bool SchemaCheck::holds(const SchemaNode& node, SchemaSpot at) {
    ++quiet_;
    bool valid = false;
    if (at.seen == nullptr) {
        valid = check(node, at);
    } else {
        SchemaSeen own(at.value);
        valid = check(node, SchemaSpot{at.value, at.path, &own});
        if (valid) {
            at.seen->merge(own);
        }
    }
    --quiet_;
    return valid;
}

bool SchemaCheck::check_combined(const SchemaNode& node, SchemaSpot at) {
    if (node.reference != nullptr && !check(*node.reference, at)) {
        return false;
    }
    if (node.dynamic_reference != nullptr && !check(*node.dynamic_reference, at)) {
        return false;
    }
    for (const SchemaNode* schema : node.all_of) {
        if (!check(*schema, at)) {
            return false;
        }
    }
    if (node.not_schema != nullptr &&
        holds(*node.not_schema, SchemaSpot{at.value, at.path, nullptr})) {
        return fail(at, "must not be of the kind that the schema excludes (not)");
    }
    return check_alternatives(node, at) && check_condition(node, at);
}

bool SchemaCheck::check_alternatives(const SchemaNode& node, SchemaSpot at) {
    bool any = node.any_of.empty();
    for (const SchemaNode* schema : node.any_of) {
        any = holds(*schema, at) || any;
        if (any && at.seen == nullptr) {
            break;
        }
    }
    if (!any) {
        // With one alternative its own problem says more.
        return node.any_of.size() == 1 ? check(*node.any_of.front(), at)
                                       : fail(at, "matches none of the alternatives (anyOf)");
    }
    if (node.one_of.empty()) {
        return true;
    }
    std::size_t count = 0;
    for (const SchemaNode* schema : node.one_of) {
        count += holds(*schema, at) ? 1 : 0;
        if (count > 1) {
            return fail(at, "matches more than one of the alternatives (oneOf)");
        }
    }
    return count == 1 || fail(at, "matches none of the alternatives (oneOf)");
}

bool SchemaCheck::check_condition(const SchemaNode& node, SchemaSpot at) {
    if (node.if_schema == nullptr) {
        return true;
    }
    const SchemaNode* next = holds(*node.if_schema, at) ? node.then_schema : node.else_schema;
    return next == nullptr || check(*next, at);
}

std::optional<std::string> schema_problem(const SchemaNode& root, const SchemaValue& instance) {
    return SchemaCheck().run(root, instance);
}

} // namespace gatehouse::gateway
