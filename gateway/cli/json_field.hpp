// Reading members of the daemon's JSON without trusting that they are there. Pure.
#pragma once

#include "runtime/base/json.hpp"

#include <cstdint>
#include <string>

namespace gatehouse::gateway {

// The text member, or empty.
inline std::string text_field(const Json& object, const char* key) {
    if (!object.is_object()) {
        return {};
    }
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// The whole number, or 0 if absent or negative.
inline std::uint64_t count_field(const Json& object, const char* key) {
    if (!object.is_object()) {
        return 0;
    }
    const auto found = object.find(key);
    const bool usable = found != object.end() && found->is_number_integer() &&
                        (found->is_number_unsigned() || found->get<std::int64_t>() >= 0);
    return usable ? found->get<std::uint64_t>() : 0;
}

// The member as text: texts without quotes, everything else as JSON; "-" for null or absent.
inline std::string shown_field(const Json& object, const char* key) {
    if (!object.is_object()) {
        return "-";
    }
    const auto found = object.find(key);
    if (found == object.end() || found->is_null()) {
        return "-";
    }
    return found->is_string() ? found->get<std::string>() : dump_json(*found);
}

// The member, or null.
inline const Json& member_field(const Json& object, const char* key) {
    static const Json null_json;
    if (!object.is_object()) {
        return null_json;
    }
    const auto found = object.find(key);
    return found == object.end() ? null_json : *found;
}

} // namespace gatehouse::gateway
