// ConnectorDirectory: the only view the gateway has of connectors. The supervisor implements it;
// tests implement it with a fake. One event loop.
#pragma once

#include "runtime/base/error.hpp"
#include "runtime/base/ids.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/task.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::runtime {

// One tool as the connector defined it.
struct Tool {
    std::string name;
    std::string definition; // the exact JSON bytes of the tool object
};

struct Catalogue {
    std::string protocol_version;
    std::string server_info;  // raw JSON of serverInfo
    std::string instructions; // plain text, may be empty
    std::vector<Tool> tools;  // in the connector's order
};

// One call on its way to a connector. Shared between the caller and the session while it is in
// flight.
class ConnectorCall {
  public:
    CallId id;
    std::string method; // "tools/call"
    // Raw JSON of params without `_meta.progressToken`; the session adds its own when
    // wants_progress.
    std::string params;
    bool wants_progress = false;
    std::chrono::milliseconds deadline{60'000};
    // Called on the loop with the raw params of notifications/progress; the token inside is the
    // session's.
    std::function<void(std::string_view params)> on_progress;

    // Caller's side: ends the call as `cancelled` at once; the connector is told. Idempotent.
    void cancel(std::string reason) {
        if (!cancelled_) {
            cancelled_ = std::move(reason);
            if (on_cancel_) {
                on_cancel_();
            }
        }
    }
    const std::optional<std::string>& cancelled() const { return cancelled_; }
    // Session's side.
    void set_cancel_handler(std::function<void()> handler) { on_cancel_ = std::move(handler); }

  private:
    std::optional<std::string> cancelled_;
    std::function<void()> on_cancel_;
};

enum class CallEnd {
    result,       // the connector's result
    error,        // the connector's JSON-RPC error
    never_sent,   // nothing reached the connector: safe to retry
    may_have_run, // sent, and no answer came (crash, stop)
    timed_out,    // sent, the deadline passed
    cancelled,    // the caller gave up
};

// The word the journal and the clients' error data use: "result", "may_have_run", …
constexpr const char* to_text(CallEnd end) {
    constexpr const char* words[] = {"result",       "error",     "never_sent",
                                     "may_have_run", "timed_out", "cancelled"};
    return words[static_cast<int>(end)];
}

struct CallReply {
    CallEnd end = CallEnd::never_sent;
    std::string frame; // the connector's whole line (moved, never rebuilt) for result and error
    std::size_t body_offset = 0; // where the result or error value lies in `frame`
    std::size_t body_length = 0;
    Error failure; // for the other four ends
    std::optional<std::chrono::milliseconds> retry_after;
    InstanceId instance; // 0 if none

    std::string_view body() const {
        return std::string_view(frame).substr(body_offset, body_length);
    }
};

class ConnectorDirectory {
  public:
    virtual ~ConnectorDirectory() = default;
    virtual bool contains(const ConnectorName& name) const = 0;
    // The tools last seen of it, also while it sleeps or is down; null if it never started.
    virtual std::shared_ptr<const Catalogue> known_catalogue(const ConnectorName& name) const = 0;
    // Starts it if needed and reads its tools. Errors: its cause code (GH-P3xx, GH-C5xx, GH-A1xx).
    virtual Task<Result<std::shared_ptr<const Catalogue>>>
    catalogue(ConnectorName name, std::chrono::milliseconds deadline) = 0;
    // Starts it if needed and calls. Never throws.
    virtual Task<CallReply> call(ConnectorName name, std::shared_ptr<ConnectorCall> call) = 0;
    // Whether arguments are checked against the tool's schema (manifest: run.validate).
    virtual bool validates_arguments(const ConnectorName& name) const = 0;
    // The manifest's run.timeouts.call.
    virtual std::chrono::milliseconds call_timeout(const ConnectorName& name) const = 0;
    // The secrets it needs at launch (manifest: credentials[]).
    virtual std::vector<SecretName> required_secrets(const ConnectorName& name) const = 0;
};

} // namespace gatehouse::runtime
