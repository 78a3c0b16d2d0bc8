#include "runtime/base/cause_tables.hpp"

namespace gatehouse {

namespace {

constexpr CauseCode access_causes[] = {
    {"GH-A101", "sign-in needed: the credential cannot be renewed",
     "The identity provider refused once to renew the credential (its own answer to our token "
     "call), or nobody has signed in yet. Calls that need it are not dispatched; they are told "
     "what to do.",
     "Sign in again. If the provider refuses every sign-in, check the client's registration there.",
     "member"},
    {"GH-A102", "a secret is not set",
     "The connector's manifest names a secret that the vault does not hold. The connector is not "
     "started, and calls to it are denied.",
     "Set it with `gatehouse secret set NAME`, or correct the name in the manifest.", "operator"},
    {"GH-A103", "the service refuses the credential (401)",
     "The service behind the connector answered with HTTP status 401, or the connector says so in "
     "its result. Three in a row make the connector auth_failed, until a call is answered.",
     "Set the secret anew with `gatehouse secret set NAME`; check in which header or variable the "
     "service wants it.",
     "operator"},
    {"GH-A104", "the service refuses access (403)",
     "The service behind the connector knows the credential and does not allow what was asked, or "
     "the connector says so in its result. Three in a row make the connector auth_failed, until a "
     "call is answered.",
     "Check what the credential may do there, and the service's list of allowed hosts.",
     "operator"},
    {"GH-A105", "the vault is sealed",
     "The vault's key file is missing, so no secret can be read or set. Connectors without "
     "credentials work on.",
     "Put the key file back where the message says and restart the daemon. Without it the secrets "
     "are lost: remove them and set them anew.",
     "operator"},
    {"GH-A106", "the vault's key file cannot be used",
     "The key file has the wrong owner, kind, mode or size, or cannot be read. The vault stays "
     "sealed.",
     "Make it a plain file of 32 bytes, owned by the daemon's user, mode 0400.", "operator"},
    {"GH-A107", "a secret cannot be decrypted",
     "What the vault holds does not fit its key: the key file was replaced, or the store was "
     "changed from outside.",
     "Put the right key file back, or set the secret anew.", "operator"},
    {"GH-A108", "the secret's name is not valid",
     "Names of secrets have a fixed set of characters and a greatest length.",
     "Use a name as the message says.", "operator"},
    {"GH-A109", "the secret's value cannot be used",
     "The value is empty, too long, or could not be read from where it was given.",
     "Give the value on stdin or at the prompt, within the size the message names.", "operator"},
    {"GH-A110", "the agent's name is not valid",
     "An agent's name is 1 to 40 of the characters a-z, 0-9 and -.", "Choose another name.",
     "operator"},
    {"GH-A111", "the agent exists already",
     "An agent of this name has a token already. Nothing was changed.",
     "Choose another name, or revoke the old one first.", "operator"},
    {"GH-A112", "there is no such agent", "No agent of this name has a token.",
     "See the names with `gatehouse agent list`.", "operator"},
    {"GH-A113", "no token could be made", "The system gave no random bytes. Nothing was stored.",
     "Look at the daemon's log; restart it on a healthy machine.", "operator"},
    {"GH-A115", "text hints at a refused credential",
     "A tool's error text, or three lines of stderr within a minute, read like a refused "
     "credential. Text proves nothing, so the connector is shown as degraded (suspected_auth) and "
     "calls go on.",
     "Read its log. If the service does refuse the credential, set the secret anew; let the "
     "connector say so in _meta[\"dev.gatehouse/failure\"].",
     "team"},
    {"GH-A120", "no token was sent",
     "The request had no Authorization header. It was refused before anything else was looked at.",
     "Give the client a token: `gatehouse agent create NAME` makes one.",
     "team: whoever writes the client"},
    {"GH-A121", "the token is not accepted",
     "The Authorization header is malformed, given twice, or its token is unknown or revoked; "
     "which of these is not told.",
     "Check the client's token, or make a new one with `gatehouse agent create NAME`.",
     "team: whoever writes the client"},
    {"GH-A130", "the admin API is for the unix socket only",
     "A request for the admin API came over a connection whose user is not known.",
     "Use the gatehouse command on this machine.", "operator"},
};

} // namespace

std::span<const CauseCode> access_cause_codes() {
    return access_causes;
}

} // namespace gatehouse
