// Reads a connector's lists, page by page, through whatever asks it. Used by the sessions of both
// transports.
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/base/task.hpp"
#include "runtime/connector_call.hpp"

#include <functional>
#include <string>
#include <vector>

namespace gatehouse::runtime {

// Sends one request of the gateway's own and awaits its answer; it holds the deadline.
using AskConnector = std::function<Task<CallReply>(std::string method, std::string params)>;

// All pages of one list, names unique (of two the first is kept, with a warning). -32601 for any
// list but tools gives an empty one. Errors: GH-M403 for a refusal, a malformed answer, more than
// `items_max_count` items or 64 MiB, more than 1000 pages or a cursor that comes twice; GH-P306
// past the deadline; GH-P301 if the connector ended.
Task<Result<CatalogueList>> read_list(AskConnector ask, ListKind kind, std::size_t items_max_count);

// The introduction with every list its capabilities offer. A connector that refuses a list other
// than tools is used without that list, with a warning.
Task<Result<Catalogue>> read_all_lists(AskConnector ask, Catalogue introduction,
                                       std::size_t items_max_count);

} // namespace gatehouse::runtime
