// StdioSession: the MCP session with a connector over its stdin and stdout pipes, newline-delimited
// JSON (MCP, transports, stdio).
#pragma once

#include "runtime/base/unique_fd.hpp"
#include "runtime/session/session.hpp"

#include <memory>

namespace gatehouse::runtime {

class StdioSession final : public Session {
  public:
    StdioSession(Executor executor, UniqueFd connector_stdin, UniqueFd connector_stdout,
                 SessionOptions options, Events events);
    ~StdioSession() override;

    Task<Error> run() override;
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
