// The scanner must agree with an independent parser on what is JSON, and the look-ups must find in
// valid text what that parser finds. On invalid text nothing may be read out of bounds (sanitizer
// builds).
#include "runtime/base/assert.hpp"
#include "runtime/base/json.hpp"
#include "runtime/session/json_scan.hpp"

#include <cstdint>

using namespace gatehouse;
using namespace gatehouse::runtime;

namespace {

void look_up(std::string_view text) {
    if (const auto members = object_members(text)) {
        for (const JsonMember& member : *members) {
            GH_ASSERT(member.value.data() >= text.data());
            GH_ASSERT(member.value.data() + member.value.size() <= text.data() + text.size());
            static_cast<void>(string_value(member.value));
        }
    }
    static_cast<void>(array_elements(text));
    static_cast<void>(find_pointer(text, "/a/0/b"));
    static_cast<void>(string_value(text));
}

void compare_members(std::string_view text, const Json& tree) {
    const auto members = object_members(text);
    GH_ASSERT(members.has_value() == tree.is_object());
    if (members) {
        GH_ASSERT(members->size() == tree.size());
        for (const JsonMember& member : *members) {
            const auto key = string_value("\"" + std::string(member.key) + "\"");
            GH_ASSERT(key && tree.contains(*key));
            GH_ASSERT(tree[*key] == Json::parse(member.value));
            GH_ASSERT(find_member(text, *key) == member.value);
        }
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const bool valid = validate_json(text).has_value();
    const auto tree = parse_json(text, json_depth_max);
    look_up(text);
    // The other parser refuses two things that are allowed here (half surrogate pairs, numbers too
    // large for a double), skips a byte order mark, and takes a NUL byte for the end of the text.
    const bool comparable = text.find("\\u") == std::string_view::npos &&
                            text.find_first_of("eE") == std::string_view::npos && size < 300 &&
                            text.find('\0') == std::string_view::npos &&
                            !text.starts_with("\xef\xbb\xbf");
    if (tree && comparable) {
        GH_ASSERT(valid);
    }
    if (valid && comparable) {
        GH_ASSERT(tree.has_value());
        compare_members(text, *tree);
    }
    return 0;
}
