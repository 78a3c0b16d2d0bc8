#include "runtime/base/cause_tables.hpp"

namespace gatehouse {

namespace {

constexpr CauseCode limits_causes[] = {
    {"GH-R701", "a queue is full",
     "Too many calls wait for the connector, a call was not sent before its deadline, or too many "
     "connections or watched resources are in use. The call was never sent: it is safe to try "
     "again.",
     "Try again later; raise run.concurrency or run.queue_max in its manifest.", "team"},
    {"GH-R702", "too many connectors start at the same time",
     "Only a few cold starts run at a time, and this one did not get its turn. It is tried again "
     "by itself.",
     "Wait.", "nobody: it mends itself"},
    {"GH-R703", "the body is too large", "The request's body is larger than this listener takes.",
     "Send less, or raise limits.body in gatehouse.yaml.", "team: whoever writes the client"},
    {"GH-R704", "the call was cancelled",
     "Its caller cancelled it or went away. The message says whether it had been sent.", "Nothing.",
     "nobody: it mends itself"},
    {"GH-R705", "all client sessions are in use", "The gateway keeps a bounded number of sessions.",
     "Try again later, or raise limits.sessions.", "operator"},
    {"GH-R706", "too many calls in flight at this gateway",
     "The gateway carries a bounded number of calls at a time. The call was never sent.",
     "Try again shortly.", "operator"},
    {"GH-R707", "all instances of the connector are in use",
     "The connector runs as many instances as it may, and each is taken by a caller. The call was "
     "never sent.",
     "Try again later, or raise run.instances.max in its manifest.", "team"},
    {"GH-R708", "too many calls wait for answers of their clients",
     "Calls in which the connector has asked a question wait in a bounded number.",
     "Answer or cancel some of them, or try again later.", "team"},
    {"GH-R709", "the answer came while the client was away",
     "It is too large to be kept until the client comes back.", "Call again.",
     "team: whoever writes the client"},
    {"GH-R710", "not a usable HTTP request",
     "The request cannot be parsed, or uses what is not spoken here.",
     "Correct the client; HTTP/1.1 and HTTP/1.0 are spoken.", "team: whoever writes the client"},
    {"GH-R711", "the head of the request is too large", "Its headers are longer than the limit.",
     "Send fewer or shorter headers.", "team: whoever writes the client"},
    {"GH-R712", "the request did not arrive in time", "The client sent its request too slowly.",
     "Check the network between client and gateway.", "team: whoever writes the client"},
    {"GH-R713", "too many subscriptions are open",
     "A caller, or the gateway, has as many open subscriptions as it may.", "Close some of them.",
     "team: whoever writes the client"},
    {"GH-R714", "the request could not be answered",
     "Something failed inside of the daemon while it carried out the request.",
     "Look for this moment in the daemon's log, and report it.", "operator"},
    {"GH-S601", "tools have changed since they were approved",
     "The connector offers tools whose definition is not the one that was approved. They are held: "
     "not shown and not callable.",
     "Compare them with `gatehouse tools NAME`, and approve them if the change is wanted.",
     "admin"},
    {"GH-S603", "a credential was seen in the output",
     "A secret of the connector stood in what it logged. It was masked before it was written to "
     "disk.",
     "Find the place in the connector that prints it; change the secret if others could have seen "
     "it.",
     "admin"},
    {"GH-S604", "a forbidden system call",
     "The connector made a system call that the sandbox forbids and was killed by the kernel, or "
     "the filter could not be set up. After three such ends it is quarantined and not started "
     "again by itself.",
     "Find out why it makes the call that the message names; `gatehouse start NAME` releases it.",
     "admin"},
    {"GH-S610", "the sandbox cannot be set up",
     "A step of the sandbox failed, so the connector was not started: it never runs unprotected.",
     "Run `gatehouse doctor` to see which kernel feature or right is missing.", "operator"},
};

} // namespace

std::span<const CauseCode> limits_cause_codes() {
    return limits_causes;
}

} // namespace gatehouse
