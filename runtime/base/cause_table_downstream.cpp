#include "runtime/base/cause_tables.hpp"

namespace gatehouse {

namespace {

constexpr CauseCode downstream_causes[] = {
    {"GH-D201", "the host name has no address",
     "Resolving the name of the service's host failed. Five such failures within a minute, and "
     "half of the calls, are a downstream_outage.",
     "Check the name and the resolver of this machine; else wait.", "team"},
    {"GH-D202", "the service takes no connections",
     "The connection to the service was refused, reset, or broke while it was used.",
     "Check that the service runs and that the port is right; else wait.",
     "nobody: it mends itself"},
    {"GH-D203", "no secure connection to the service",
     "TLS failed: the certificate is not trusted, has expired or is for another name, or the "
     "trusted certificates cannot be read.",
     "Check the certificate there, ca_file in the manifest, and the clock of this machine.",
     "team"},
    {"GH-D204", "the service did not answer in time",
     "The connection or the answer took longer than its deadline.",
     "Wait; if it stays so, raise the timeout in the manifest or ask those who run the service.",
     "nobody: it mends itself"},
    {"GH-D205", "the service failed (5xx)",
     "The service answered with a server error, or the connector says so in its result.",
     "Wait, or ask those who run the service.", "nobody: it mends itself"},
    {"GH-D206", "the service asks for fewer calls (429)",
     "The service limits how often it may be called. Callers are told when to try again.",
     "Call less often, or ask for a higher limit there.", "team"},
    {"GH-D207", "the identity provider is away",
     "A token has expired and the identity provider that would renew it does not answer. The "
     "service itself may be well.",
     "Wait; check that the provider can be reached from this machine.", "nobody: it mends itself"},
    {"GH-D208", "our own rules refuse the connection",
     "The gateway does not connect to this address: it is private, of this machine, or not "
     "allowed. This is never counted as an outage or as a refused credential; the connector is at "
     "most degraded (blocked).",
     "If the connector may go there, allow it in its manifest; else find out why it wants to.",
     "team"},
    {"GH-D209", "the service redirects",
     "The service answered with a redirect. Redirects are not followed, because a credential would "
     "be sent along.",
     "Put the address it redirects to into the manifest.", "team"},
    {"GH-D210", "the service does not answer as an MCP endpoint",
     "The HTTP status or kind of the answer is none that MCP allows at this point.",
     "Check the URL in the manifest: often its path is wrong.", "team"},
    {"GH-D211", "text hints at an outage",
     "A tool's error text, or three lines of stderr within a minute, read like a service that is "
     "away. Text proves nothing, so the connector is shown as degraded (suspected_downstream) and "
     "calls go on.",
     "Read its log and look at the service; let the connector say so in "
     "_meta[\"dev.gatehouse/failure\"].",
     "team"},
    {"GH-G901", "the journal cannot be written",
     "An audit record could not be put on disk. No call is carried out without its record, so "
     "calls are refused until it can be.",
     "Make space on the disk of the data folder, or give it back to the daemon's user.",
     "operator"},
    {"GH-G902", "the journal is damaged",
     "A record was changed or is missing: the chain of hashes does not close.",
     "Keep the files as they are and find out who changed them; `gatehouse audit verify` says "
     "where.",
     "admin"},
    {"GH-G903", "the data folder cannot be used",
     "The daemon cannot make or write its data folder, and does not start.",
     "Make it writable for the daemon's user, or name another one with `data`.", "operator"},
    {"GH-G904", "another daemon runs on this data folder",
     "The folder's lock is held, so a second daemon does not start.",
     "Stop the other daemon first, or give this one another folder.", "operator"},
    {"GH-G905", "the daemon ended before the call's outcome was recorded",
     "The daemon was killed, or the journal could not be written, while the call was under way. "
     "Nothing more is known: it may have run. The next start wrote the record.",
     "Look at the service behind the connector to see whether it ran; find out in the system's log "
     "why the daemon ended.",
     "operator"},
    {"GH-G910", "the store cannot be opened",
     "The database of agents and secrets cannot be opened or written, or is of a newer Gatehouse.",
     "Check the file's owner and the free space; after a downgrade run the newer version again.",
     "operator"},
    {"GH-G911", "the store refused",
     "A statement or transaction of the database failed, or what it holds is damaged.",
     "Look at the daemon's log and the free space; restore a backup if the file is damaged.",
     "operator"},
    {"GH-G920", "the Host or Origin is not allowed",
     "A request named another host than this gateway, or came from a web page that is not listed. "
     "This stops DNS rebinding.",
     "Use the gateway's own address, or list the host or origin in gatehouse.yaml.", "operator"},
};

} // namespace

std::span<const CauseCode> downstream_cause_codes() {
    return downstream_causes;
}

} // namespace gatehouse
