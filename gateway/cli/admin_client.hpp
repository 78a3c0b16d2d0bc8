// AdminClient: HTTP/1.1 to the daemon's admin unix socket, one connection a request, blocking with
// deadlines. Used by every verb that talks to a daemon.
#pragma once

#include "runtime/base/json.hpp"
#include "runtime/base/result.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace gatehouse::gateway {

struct AdminRequest {
    std::string method = "GET";
    std::string target;                         // "/api/v1/connectors"
    std::string_view body;                      // lives as long as the call; no copy is made of it
    std::chrono::milliseconds deadline{15'000}; // for the whole exchange
};

class AdminClient {
  public:
    explicit AdminClient(std::filesystem::path socket) : socket_(std::move(socket)) {}

    // The JSON of a 2xx answer (null if it has no body). Errors: GH-N503 no daemon answers in time;
    // the daemon's own error as its problem details say.
    Result<Json> request(const AdminRequest& request) const;
    // Hands over each line of an endless answer until `on_line` returns false, the daemon ends it,
    // or nothing came for 45 s. The daemon sends an empty line every 15 s: time to look whether
    // anybody still wants to read.
    Result<void> stream(const std::string& target,
                        const std::function<bool(std::string_view line)>& on_line) const;

  private:
    std::filesystem::path socket_;
};

// The error in a problem details body; pure. Falls back to the HTTP status if it is none.
Error error_of_problem(int status, std::string_view body);

} // namespace gatehouse::gateway
