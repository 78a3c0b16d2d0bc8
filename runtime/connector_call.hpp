// ConnectorCall: one request on its way to a connector, what may come back while it runs, and how
// it ended. Shared between the caller and the session that carries it. One event loop.
#pragma once

#include "runtime/base/error.hpp"
#include "runtime/base/ids.hpp"
#include "runtime/catalogue.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace gatehouse::runtime {

// Who asks, as far as a connector may know: it decides which instance serves, what the connector is
// told of the client, and to whom the connector's own requests may go.
struct Caller {
    PrincipalId principal;
    std::string session;             // Mcp-Session-Id of a legacy client; empty: a stateless one
    std::string capabilities = "{}"; // raw JSON object of the client's capabilities
    std::string client_info;         // raw JSON object {"name":…,"version":…}; empty: unknown

    // Whether the client declares elicitation, sampling or roots: it can be asked something.
    bool answers_input = false;
};

// What a legacy connector asks the client in the middle of a call: "elicitation/create",
// "sampling/createMessage" or "roots/list". Answered once; what comes later is ignored.
class InputRequest {
  public:
    std::string method;
    std::string params = "{}"; // raw JSON object

    // Caller's side: the raw JSON of the client's result, or of its error object.
    void answer(std::string result) { settle(std::move(result), {}); }
    void refuse(std::string error) { settle({}, std::move(error)); }
    // Called once if the connector withdraws the request or ends; it is settled then.
    void set_withdrawn_handler(std::function<void()> handler) {
        on_withdrawn_ = std::move(handler);
    }
    bool settled() const { return settled_; }

    // Session's side: receives the result, or the error if the result is empty.
    void set_answer_handler(std::function<void(std::string result, std::string error)> handler) {
        on_answer_ = std::move(handler);
    }
    void withdraw() {
        if (!std::exchange(settled_, true) && on_withdrawn_) {
            std::exchange(on_withdrawn_, nullptr)();
        }
    }

  private:
    void settle(std::string result, std::string error) {
        if (!std::exchange(settled_, true) && on_answer_) {
            std::exchange(on_answer_, nullptr)(std::move(result), std::move(error));
        }
    }
    bool settled_ = false;
    std::function<void(std::string, std::string)> on_answer_;
    std::function<void()> on_withdrawn_;
};

class ConnectorCall {
  public:
    CallId id;
    std::string method; // "tools/call", "resources/read", …
    // Raw JSON object, or empty. Its `_meta` holds only what is meant for the connector: no
    // progressToken and no io.modelcontextprotocol/… key; the session adds what its era needs.
    std::string params;
    std::shared_ptr<const Caller> caller; // null: the gateway itself (probes, lists)
    std::chrono::milliseconds deadline{60'000};
    // The least level of notifications/message the client wants for this call ("info"); empty: it
    // said nothing (legacy: the connector's default applies; modern: none are sent).
    std::string log_level;

    // Called on the loop while the call is in flight; each may be empty.
    // Raw params of notifications/progress; the token inside is the session's. Asked for if set.
    std::function<void(std::string_view params)> on_progress;
    // Raw params of a notifications/message that provably belongs to this call.
    std::function<void(std::string_view params)> on_log;
    // The connector asks the client something that provably belongs to this call. The call's
    // deadline rests until it is settled. Empty: the connector gets -32601.
    std::function<void(std::shared_ptr<InputRequest> request)> on_input;

    // Set by the supervisor: no other call may be in flight on the instance at the same time, so
    // that everything the connector says belongs to this one.
    bool exclusive = false;

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
    Era era =
        Era::legacy;   // of the connector: a modern body has resultType and may be input_required
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

} // namespace gatehouse::runtime
