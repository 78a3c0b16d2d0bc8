// What a connector says of its own accord, and what each kind of it means. Pure; used by the
// sessions of both transports.
#pragma once

#include "runtime/connector_call.hpp"

#include <span>
#include <string_view>

namespace gatehouse::runtime {

// Codes of refused questions. The first is JSON-RPC's "internal error": the question was
// understood, and cannot be passed on.
constexpr int question_refused = -32603;
constexpr int question_invalid = -32600;
constexpr int question_params_invalid = -32602;

// Whether it is a question to the client.
bool asks_client(std::string_view method);
// Known to be safe to hand on: each names what it is about by an id or a URI that its reader knows.
bool names_its_subject(std::string_view method);
// The lists that this notification says have changed; none for other notifications.
std::span<const ListKind> lists_changed_by(std::string_view method);
// Whether a call wants this notifications/message. A legacy connector's level is the most verbose
// that any call wanted, so each call has its own filter.
bool wants_log(const ConnectorCall& call, Era connector, std::string_view params);
// Whether nobody outside of the gateway waits for what is said about the call.
bool is_gateways_own(const ConnectorCall& call);

} // namespace gatehouse::runtime
