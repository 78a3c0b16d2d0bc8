// URIs and templates as connectors write them: no template makes the gateway misread a URI, and a
// result whose URIs are exchanged stays valid JSON. Input: a template, a new line, JSON.
#include "gateway/mcp/served_uris.hpp"
#include "gateway/virtual_server/definition.hpp"
#include "gateway/virtual_server/uri_template.hpp"
#include "runtime/base/assert.hpp"
#include "runtime/session/json_scan.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace gatehouse;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::string_view text = input.substr(0, input.find('\n'));
    const std::string_view rest = input.substr(std::min(text.size() + 1, input.size()));
    if (const auto compiled = gateway::UriTemplate::compile(text)) {
        const std::string sample = compiled->sample();
        GH_ASSERT(sample.size() > gateway::uri_max_bytes || compiled->makes(sample));
        (void)compiled->makes(rest);
    }
    if (runtime::validate_json(rest)) {
        const auto exposed = [](std::string_view uri) { return "notes+" + std::string(uri); };
        GH_ASSERT(runtime::validate_json(gateway::exchange_uris(rest, exposed)).has_value());
        const std::string without = gateway::without_member(rest, "uri");
        GH_ASSERT(runtime::validate_json(without).has_value());
        const std::string with = gateway::with_member(without, "uri", "\"a\"");
        GH_ASSERT(runtime::validate_json(with).has_value());
        GH_ASSERT(!runtime::object_members(rest) || runtime::find_member(with, "uri") == "\"a\"");
    }
    return 0;
}
