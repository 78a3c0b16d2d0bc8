#include "runtime/base/cause_tables.hpp"

namespace gatehouse {

namespace {

constexpr CauseCode names_causes[] = {
    {"GH-N400", "not a usable request",
     "A name, a query parameter or the body of an admin request is not as it must be.",
     "Correct it as the message says.", "operator"},
    {"GH-N404", "there is no such thing",
     "No connector, virtual server, agent, secret or other resource of this name is known, or the "
     "caller may not know of it.",
     "See the names with `gatehouse ls` and its like.", "operator"},
    {"GH-N405", "not exposed here, or a method that does nothing here",
     "The virtual server does not show this tool, prompt or resource, and says so as if it did not "
     "exist; in the admin API: the HTTP method has no meaning here.",
     "Show it in the virtual server's definition, or use a method that the answer names.", "admin"},
    {"GH-N406", "denied by policy",
     "A rule denies the call. To the caller it looks as if the tool did not exist; the journal "
     "names the rule.",
     "If it should be allowed, change the rule that the journal names.", "admin"},
    {"GH-N407", "resource or task not found",
     "It does not exist, or the caller may not see it; which of these is not told.",
     "Check the URI with resources/list.", "team: whoever writes the client"},
    {"GH-N408", "the connector does not tell of changes",
     "The connector refused to be subscribed to for this resource or task.",
     "Ask for it again when it is needed.", "team: whoever writes the client"},
    {"GH-N409", "not possible in its present state",
     "The connector's state does not allow what was asked: one that is stopped on purpose is not "
     "woken by a call, and only one reload runs at a time.",
     "Start it with `gatehouse start NAME` first, or wait until the other reload has ended.",
     "operator"},
    {"GH-N500", "the daemon answered with an error",
     "The admin API answered with a status that says nothing more.", "Look at the daemon's log.",
     "operator"},
    {"GH-N501", "not available in this build", "The daemon lacks the part that would do this.",
     "Use a daemon of the same version as the command.", "operator"},
    {"GH-N502", "the daemon's answer is not usable",
     "The admin API answered with what this command does not understand.",
     "Use a command and a daemon of the same version.", "operator"},
    {"GH-N503", "cannot reach the daemon", "Nothing answers on the daemon's unix socket in time.",
     "Start the daemon, or name its socket with --socket PATH; check that you may open it.",
     "operator"},
};

} // namespace

std::span<const CauseCode> names_cause_codes() {
    return names_causes;
}

} // namespace gatehouse
