// What is said in a handshake, in both eras: which era an answer to `server/discover` means, and
// what a connector says of itself. Pure; used by the sessions of both transports.
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/connector_call.hpp"
#include "runtime/session/session.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace gatehouse::runtime {

// The newest revision with a handshake; offered in `initialize`.
constexpr std::string_view newest_legacy_version = "2025-11-25";

// How long an answer to the probe is awaited before `initialize` is tried: a third of what is
// allowed for the start, at most 3 s.
std::chrono::milliseconds probe_deadline(std::chrono::milliseconds startup);

// The era that the reply to `server/discover` means. Modern: a result with supportedVersions that
// name ours, or an error only modern connectors give (-32020, -32021, or -32022 that supports
// ours). All else, silence too, is legacy.
Era judge_probe(const CallReply& reply);

// Params of `initialize`.
std::string initialize_params(const SessionOptions& options);

// The connector's introduction, its lists still empty. Error GH-M404 for an unknown version.
Result<Catalogue> read_initialize_result(std::string_view result);
Catalogue read_discover_result(std::string_view result);
// For a modern connector that refused to introduce itself: as if it offered every list.
Catalogue assumed_modern_introduction();

// Whether the capabilities offer this list, and whether its changes are announced.
bool offers_list(const Catalogue& introduction, ListKind kind);
bool announces_list(const Catalogue& introduction, ListKind kind);

} // namespace gatehouse::runtime
