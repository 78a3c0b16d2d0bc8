// HttpSession: the MCP session with a connector over Streamable HTTP, in both eras. Legacy: a
// session id, one GET stream, streams that are resumed. Modern: each request stands alone, closing
// its stream cancels it.
#pragma once

#include "runtime/http_client/http_client.hpp"
#include "runtime/session/session.hpp"

#include <memory>
#include <string>

namespace gatehouse::runtime {

struct HttpConnector {
    HttpTarget target;
    HttpClientOptions client; // its secret headers go out with every request
};

class HttpSession final : public Session {
  public:
    HttpSession(Executor executor, HttpConnector connector, SessionOptions options, Events events);
    // run() has ended by then.
    ~HttpSession() override;

    // Ends by stop() alone: a server that is away makes calls fail, and may come back. Until it
    // runs, the session has no streams of its own.
    Task<Error> run() override;
    // Also the errors of the HTTP client (GH-D2xx), and GH-A103, GH-A104 for a refused credential.
    Task<Result<Catalogue>> handshake(std::chrono::milliseconds deadline) override;
    Task<Result<Catalogue>> refresh_catalogue(std::chrono::milliseconds deadline) override;
    Task<Result<Catalogue>> refresh_list(ListKind kind,
                                         std::chrono::milliseconds deadline) override;
    Task<CallReply> call(std::shared_ptr<ConnectorCall> call) override;
    Task<CallReply> watch_resource(std::string uri, std::chrono::milliseconds deadline) override;
    void unwatch_resource(const std::string& uri) override;
    void tell_roots_changed() override;
    Task<bool> ping(std::chrono::milliseconds deadline) override;
    void close_stdin() override;
    void stop() override;
    const SessionCounters& counters() const override;
    std::vector<CallInFlight> calls_in_flight(std::size_t max) const override;
    std::vector<CallId> call_ids(std::size_t max) const override;

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

} // namespace gatehouse::runtime
