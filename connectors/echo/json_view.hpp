// Cuts raw values out of one JSON text without building a tree. Pure. It trusts the sender to write
// valid JSON inside strings and numbers: brackets and quotes must balance, more is not checked.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string_view>

namespace echo_connector {

// One member wanted from an object; `value` stays empty when it is absent.
struct Wanted {
    std::string_view name; // compared as written, so an escaped spelling of a name is not found
    std::string_view value{};
};

// Fills the values of the wanted members of `object`, in one pass. False if it is no well-formed
// object.
bool cut_members(std::string_view object, Wanted* wanted, std::size_t count);

template <std::size_t N>
bool cut_members(std::string_view object, Wanted (&wanted)[N]) {
    return cut_members(object, wanted, N);
}

// The inside of a raw JSON string, quotes taken off, escapes left as they are. Empty if it is no
// string.
std::string_view unquoted(std::string_view raw);

inline bool is_string(std::string_view raw) {
    return raw.size() >= 2 && raw.front() == '"' && raw.back() == '"';
}

} // namespace echo_connector
