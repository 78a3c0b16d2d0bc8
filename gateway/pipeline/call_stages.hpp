// The stages of a request to a connector after decoding: authorize → attach credential → record
// intent → dispatch → record outcome. Each takes what the one before made.
#pragma once

#include "gateway/credentials/vault.hpp"
#include "gateway/journal/journal.hpp"
#include "gateway/mcp/transcode.hpp"
#include "gateway/pipeline/stages.hpp"
#include "gateway/policy/policy.hpp"
#include "runtime/base/task.hpp"

#include <memory>
#include <optional>
#include <string>
#include <variant>

namespace gatehouse::gateway {

// Why a call does not go on. What is hidden, denied and unknown looks alike to the client; the
// journal knows.
struct Denial {
    enum class Answer { unknown, tool_error, refusal, failure };
    Answer answer = Answer::unknown;
    std::string_view rule; // lives with the Policy, or is a literal
    Error error;
    McpRefusal refusal;    // for `refusal`
    std::string connector; // whose failure it is, where the call's target is not known
};

// Rare and large: kept apart, so that the frame of a call that goes on stays small.
using Denied = std::unique_ptr<Denial>;

Denied deny(Denial::Answer answer, std::string_view rule, Error error);
// In the protocol's own words; GH-M412 and its like go to the journal.
Denied deny_with(McpRefusal refusal, std::string_view rule, std::string code);

PolicyKind policy_kind(TargetKind kind);

class Authorize {
  public:
    explicit Authorize(const Policy& policy) : policy_(policy) {}
    std::variant<AuthorizedCall, Denied> operator()(SharedCall shared) const;

  private:
    PolicyAnswer decide(const McpCall& call) const;
    Denied refuse_unknown(const McpCall& call) const;
    Denied check_tool(const McpCall& call, std::string_view rule) const;

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

// Fills in how a dispatched call ended. A result that is not the last word says so.
void describe_outcome(JournalRecord& record, const runtime::CallReply& reply, ResultKind kind);

// What the client is told of a target that does not exist for it.
McpRefusal unknown_target(const McpCall& call);

// What a repeated request carries to a modern connector besides its params.
struct RoundInput {
    std::string responses; // raw JSON of inputResponses; empty: none
    std::string state;     // raw literal of requestState; empty: none
};

// params for the connector: its own name of tool, prompt, resource or task, and `_meta` without
// what belongs to the hop between client and gateway. `era` of the connector, if known: neither the
// round's input nor the wish for a task goes to one that has no use for it.
std::string upstream_params(const McpCall& call, const RoundInput& round, std::optional<Era> era);

} // namespace gatehouse::gateway
