// Where the URIs of resources stand in what a connector sends, and how they are exchanged: results
// of resources/read, tools/call and prompts/get, of tasks that hold such a result, and the params
// of notifications/resources/updated. Pure.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace gatehouse::gateway {

// `raw` is valid JSON. Every such URI gives way to exposed(uri); all else stays byte for byte.
std::string exchange_uris(std::string_view raw,
                          const std::function<std::string(std::string_view)>& exposed);

} // namespace gatehouse::gateway
