// AdminClient: HTTP/1.1 to the daemon's admin unix socket, one connection a request, blocking with
// deadlines. Used by every verb that talks to a daemon.
#pragma once

#include "runtime/base/json.hpp"
#include "runtime/base/result.hpp"

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

namespace gatehouse::gateway {

struct AdminRequest {
    std::string method = "GET";
    std::string target;                         // "/api/v1/connectors"
    std::string_view body;                      // lives as long as the call; no copy is made of it
    std::chrono::milliseconds deadline{15'000}; // for the whole exchange
    std::string last_event_id;                  // Last-Event-ID; empty: none
};

// Who reads an endless answer.
class FollowReader {
  public:
    virtual ~FollowReader() = default;
    virtual void on_begin() {}
    // False: no more.
    virtual bool on_event(std::string_view type, std::string_view data) = 0;
    // After each piece that came, also one without an event; false: no more.
    virtual bool on_sign() { return true; }
};
enum class FollowEnd { reader_done, broken };

class AdminClient {
  public:
    explicit AdminClient(std::filesystem::path socket) : socket_(std::move(socket)) {}

    // The JSON of a 2xx answer (null if it has no body). Errors: GH-N503 no daemon answers in time;
    // the daemon's own error as its problem details say.
    Result<Json> request(const AdminRequest& request) const;
    // Hands over each event of an endless answer, and keeps last_event_id, with which the next call
    // goes on. Ends when the reader wants no more, or when the daemon ends the answer, breaks off
    // or is silent for 45 s (it gives a sign every 15 s). Errors: GH-N503 before the answer has
    // begun; the daemon's own error.
    Result<FollowEnd> follow(const std::string& target, std::string& last_event_id,
                             FollowReader& reader) const;

  private:
    std::filesystem::path socket_;
};

// The error in a problem details body; pure. Falls back to the HTTP status if it is none.
Error error_of_problem(int status, std::string_view body);

} // namespace gatehouse::gateway
