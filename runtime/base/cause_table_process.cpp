#include "runtime/base/cause_tables.hpp"

namespace gatehouse {

namespace {

constexpr CauseCode process_causes[] = {
    {"GH-P301", "the connector exited",
     "The connector's process ended by itself, or did not stay up; its exit status is in the "
     "message. It is started again after a pause, as its restart policy says.",
     "Read its last lines with `gatehouse logs NAME --previous`.", "team"},
    {"GH-P302", "the connector was ended by a signal",
     "The connector crashed (SIGSEGV, SIGABRT …) or sent itself the signal that the message names. "
     "It is started again after a pause.",
     "Read its last lines with `gatehouse logs NAME --previous`; report the crash to its author.",
     "team"},
    {"GH-P303", "out of memory at its own limit",
     "The kernel killed the connector at its own memory limit: proved by its cgroup or by the "
     "limit on its processes. The host was not short of memory. It is started again after a pause.",
     "Raise sandbox.limits.memory in its manifest above the peak that is shown, or look for a "
     "leak.",
     "team"},
    {"GH-P304", "out of memory of the host",
     "The kernel killed the connector because the whole machine had no memory left; the connector "
     "was below its own limit. It is started again after a pause.",
     "Find out what uses the memory of the machine; lower the limits of the connectors or add "
     "memory.",
     "operator"},
    {"GH-P305", "the command cannot be executed",
     "Starting the command failed with the errno that is shown, or it exited at once with 126, 127 "
     "or 78 (configuration). It is not tried again until its manifest or source changes.",
     "Check run.command, source.dir and the connector's own configuration.", "team"},
    {"GH-P306", "not ready in time",
     "The connector did not answer its handshake, or did not listen on its port, within "
     "run.timeouts.startup. It was killed and is started again after a pause.",
     "Read its log; raise run.timeouts.startup if it is slow, and check that it speaks MCP on "
     "stdout or the named port.",
     "team"},
    {"GH-P307", "the connector does not answer",
     "Three liveness probes in a row got no answer and it did not work meanwhile, or it closed its "
     "stdout and lived on, or calls fail unanswered. One that works and is only slow is shown as "
     "busy and not killed until a hard limit.",
     "Read its log; look at `gatehouse top` for what it is doing.", "team"},
    {"GH-P308", "killed from outside",
     "Something that is not Gatehouse killed the connector or the helper that watches over it. It "
     "is started again after a pause.",
     "Look for an operator, a script or the kernel's log (dmesg) at that time.", "operator"},
    {"GH-P309", "the limit of processes was reached",
     "A fork was refused because the connector had as many processes and threads as its limit "
     "allows, and it ended: proved by its cgroup. It is started again after a pause.",
     "Raise sandbox.limits.pids in its manifest, or look for processes that are never waited for.",
     "team"},
    {"GH-P310", "processes survive the kill",
     "The process tree is not empty 5 s after SIGKILL, so the connector is not reported as "
     "stopped.",
     "Look for processes in state D with ps; they end when their device or file server answers.",
     "operator"},
    {"GH-P311", "stopped on purpose, or the gateway is stopping",
     "Calls are refused because an operator stopped the connector, or because the daemon ends.",
     "Run `gatehouse start NAME`; while the daemon restarts, try again.", "operator"},
    {"GH-P312", "the connector ended when asked for its era",
     "An older connector exits when it meets a message before initialize. It is started again at "
     "once without that question; this is not counted as a failure.",
     "Nothing.", "nobody: it mends itself"},
    {"GH-P313", "nothing listens on the connector's port",
     "The connector's process runs and does not take connections on the port of its manifest yet.",
     "Wait for it to start; if it stays so, check that it listens on 127.0.0.1 or ::1 and on this "
     "port.",
     "team"},
    {"GH-P314", "the connector's port did not answer in time",
     "A connection into the connector's sandbox was not made before its deadline.",
     "Check that it accepts connections, and the load of the machine.", "team"},
    {"GH-P315", "the connector has ended", "A connection was wanted to a connector that is gone.",
     "Look for the reason in its log; the next call starts it again.", "nobody: it mends itself"},
    {"GH-P316", "a connection into the sandbox failed",
     "Too many connections were being made at once, or the kernel refused one.",
     "Try again; check the limit of open files of the daemon.", "operator"},
    {"GH-P317", "the file of the connectors' uids cannot be used",
     "Each connector runs as a uid of its own, which is kept in a file. It cannot be read or "
     "written, so nothing is started.",
     "Check the owner and the contents of the file that is named.", "operator"},
    {"GH-P320", "slower than its objective",
     "95 % of the calls of the last five minutes did not end within the objective of the manifest. "
     "The connector is degraded; calls go on.",
     "Look at `gatehouse top` and at the service behind it; or set an objective that it can keep.",
     "team"},
    {"GH-P321", "close to its memory limit",
     "The connector uses 90 % of its memory limit or more. It is degraded; over the limit the "
     "kernel would kill it (GH-P303).",
     "Raise sandbox.limits.memory in its manifest, or look for a leak.", "team"},
};

} // namespace

std::span<const CauseCode> process_cause_codes() {
    return process_causes;
}

} // namespace gatehouse
