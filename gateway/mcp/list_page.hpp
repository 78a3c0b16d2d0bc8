// One page of a list of a virtual server, and the cursor that stands between two pages. Pure.
#pragma once

#include "gateway/mcp/served_items.hpp"
#include "runtime/base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::gateway {

constexpr std::size_t list_page_max_count = 1000;
constexpr std::size_t list_page_max_bytes = 1U << 20; // one item at least, however large

struct ListPage {
    std::string items;       // raw JSON without the brackets
    std::string next_cursor; // empty: the last page
};

// Which list: a cursor of one is refused by every other.
struct ListIdentity {
    std::string_view virtual_server;
    runtime::ListKind kind = runtime::ListKind::tools;
};

// `visible`: all entries the client may see. The cursor names the last item of the page before, so
// paging goes on behind it where the list has changed meanwhile. Error GH-M425: it is no cursor of
// this list, or that item is gone.
Result<ListPage> list_page(const ListIdentity& list, const std::vector<const ListEntry*>& visible,
                           std::string_view cursor);

} // namespace gatehouse::gateway
