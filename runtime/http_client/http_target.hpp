// HttpTarget: where an HTTP connector is. A URL, or a URL with a function that gives the
// connection. Pure values.
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/base/task.hpp"
#include "runtime/base/unique_fd.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace gatehouse::runtime {

enum class HttpScheme { http, https };

struct HttpTarget {
    // Gives a connected, non-blocking stream socket, for a connector that listens where this
    // process cannot connect to by address (its own network namespace). It bounds its own time.
    using Dial = std::function<Task<Result<UniqueFd>>()>;

    HttpScheme scheme = HttpScheme::http;
    std::string host; // lower case; an IPv6 address without its brackets
    std::uint16_t port = 80;
    std::string path = "/";     // with the query
    bool allow_private = false; // loopback, private and link-local addresses may be dialled
    std::string ca_file;        // PEM; empty: the system's store
    Dial dial;                  // empty: resolve `host`, check the addresses, connect

    // "host" or "host:port", as the Host header wants it.
    std::string authority() const;
    // For people and logs, without the query, which may hold a key.
    std::string shown() const;
};

// http and https only; no user, no fragment. Error GH-C503, which never shows the URL's user part.
Result<HttpTarget> parse_http_target(std::string_view url);

} // namespace gatehouse::runtime
