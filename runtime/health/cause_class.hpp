// What a cause code tells of, and how far whoever saw it can be believed. Pure; used by everything
// that counts failures.
#pragma once

#include "runtime/base/clock.hpp"
#include "runtime/base/error.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::runtime {

// How far a source can be believed: S1 our own token calls, S2 our egress, S3 the protocol, S4 the
// process, S5 text. Text alone never says more than degraded.
enum class EvidenceSource { none, credential, egress, protocol, process, text };
std::string_view to_text(EvidenceSource source); // "S1" … "S5", "" for none

// Who a failure is to be charged to.
enum class FailureClass {
    connector,  // the connector itself: no answer, a broken one, an end
    credential, // the service behind it refuses the credential (GH-A101, GH-A103, GH-A104)
    outage,     // the service behind it is away (GH-D2xx but 208)
    policy,     // our own refusal: egress rules, policy, the gateway's state (GH-D208, GH-G9xx …)
    client,     // of nobody here: the caller's arguments, quotas, cancelled, stopped on purpose
};

FailureClass class_of_code(std::string_view code);
// The source that makes this code: our token calls and the vault, our dialling, the protocol, the
// process, text; none for what is no evidence of a connector (configuration, quotas).
EvidenceSource source_of_code(std::string_view code);

// A fact that is true since then, what showed it last, and where.
struct DatedCause {
    WallTime since;
    Error cause;
    EvidenceSource source = EvidenceSource::none; // none: as source_of_code says
    std::string host;                             // of what is behind the connector, if known
    int http_status = 0;
    std::string oauth_error;           // RFC 6749, section 5.2: "invalid_grant"
    std::optional<WallTime> last_seen; // nothing: at `since`
};

using DownstreamFact = DatedCause;

} // namespace gatehouse::runtime
