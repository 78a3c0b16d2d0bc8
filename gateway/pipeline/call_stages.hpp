// The stages of a tools/call after decoding: authorize → attach credential → record intent →
// dispatch → record outcome. Each takes what the one before made.
#pragma once

#include "gateway/credentials/vault.hpp"
#include "gateway/journal/journal.hpp"
#include "gateway/pipeline/stages.hpp"
#include "gateway/policy/policy.hpp"
#include "runtime/base/task.hpp"

#include <memory>
#include <string>
#include <variant>

namespace gatehouse::gateway {

// Why a call does not go on. Hidden, denied and unknown tools look alike to the client; the journal
// knows.
struct Denial {
    enum class Answer { unknown_tool, tool_error, header_mismatch, failure };
    Answer answer = Answer::unknown_tool;
    std::string_view rule; // lives with the Policy
    Error error;
    McpRefusal refusal; // for header_mismatch
};

// Rare and large: kept apart, so that the frame of a call that goes on stays small.
using Denied = std::unique_ptr<Denial>;

class Authorize {
  public:
    explicit Authorize(const Policy& policy) : policy_(policy) {}
    std::variant<AuthorizedCall, Denied> operator()(SharedCall shared) const;

  private:
    const Policy& policy_;
};

class AttachCredential {
  public:
    AttachCredential(const Vault& vault, const runtime::ConnectorDirectory& directory)
        : vault_(vault), directory_(directory) {}
    // Denied with GH-A102 where a secret the connector needs is not set.
    std::variant<CredentialedCall, Denied> operator()(AuthorizedCall call) const;

  private:
    const Vault& vault_;
    const runtime::ConnectorDirectory& directory_;
};

class RecordIntent {
  public:
    explicit RecordIntent(Journal& journal) : journal_(journal) {}
    // Completes when the intent is written; GH-G901 otherwise, and then the call does not go on.
    Task<Result<JournaledCall>> operator()(CredentialedCall call) const;

  private:
    Journal& journal_;
};

// What the journal says of a call besides its outcome: who, where, what.
JournalRecord describe_call(const McpCall& call, RecordKind kind);

// What the journal says of the decision about a call.
JournalRecord describe_intent(const CredentialedCall& call);
JournalRecord describe_denial(const McpCall& call, const Denial& denial);

// Fills in how a dispatched call ended.
void describe_outcome(JournalRecord& record, const runtime::CallReply& reply);

// {"name":…,"arguments":…,"_meta":…} for the connector: its own tool name, and `_meta` without what
// belongs to the hop between client and gateway.
std::string upstream_params(const McpCall& call);

// notifications/progress for the client: its own token in place of the session's.
std::string progress_event(std::string_view client_token, std::string_view connector_params);

} // namespace gatehouse::gateway
