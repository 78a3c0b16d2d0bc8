#include "runtime/base/cause_tables.hpp"

namespace gatehouse {

namespace {

constexpr CauseCode protocol_causes[] = {
    {"GH-L801", "log lines were dropped",
     "The connector logged faster than is kept, and lines over the limit were counted and dropped. "
     "The connector itself was not slowed down.",
     "Lower its log level.", "team"},
    {"GH-L802", "a file of the data folder cannot be used",
     "Logs, events, crash records or the desired state cannot be written or read. The daemon works "
     "on and says what is lost.",
     "Check the owner of the data folder and the free space of its disk.", "operator"},
    {"GH-M401", "text on stdout that is no protocol message",
     "The connector writes to stdout what is no JSON-RPC message. The lines are kept in its log "
     "(stdout_noise) and ignored; it is degraded until a minute after the last.",
     "Make it log to stderr.", "team"},
    {"GH-M402", "a message is too long",
     "A message, or an event of a stream, is longer than the limit. The call it belongs to fails; "
     "others go on.",
     "Ask for less at once, or raise the limit in the manifest.", "team"},
    {"GH-M403", "not a valid message",
     "What was received is not valid JSON, JSON-RPC or HTTP, or not the answer that the protocol "
     "demands at this point.",
     "Look at the connector's log, and report it to the connector's author.", "team"},
    {"GH-M404", "unknown protocol version",
     "The connector answered with a protocol version that Gatehouse does not speak.",
     "Update the connector, or Gatehouse.", "team"},
    {"GH-M405", "a name is listed twice",
     "The connector lists two tools, prompts or resources of the same name. The first is kept.",
     "Rename one of them in the connector.", "team"},
    {"GH-M406", "a tool's definition cannot be used",
     "The definition is no object, has no name, or its inputSchema is not of type object. The tool "
     "is left out; others are shown.",
     "Correct the connector.", "team"},
    {"GH-M407", "connector and gateway do not understand each other",
     "The connector answered with an error of the protocol itself, which the client did not cause.",
     "Report it with the connector's log.", "team"},
    {"GH-M408", "the connector answered with a task",
     "The client's protocol version does not know tasks of this kind, so it cannot be given the "
     "answer.",
     "Use a client of MCP 2026-07-28 for this tool.", "team: whoever writes the client"},
    {"GH-M410", "the body must be application/json", "The request's Content-Type is another.",
     "Send Content-Type: application/json.", "team: whoever writes the client"},
    {"GH-M411", "the client must accept the answer types",
     "The Accept header lacks application/json, text/event-stream, or both.",
     "Send Accept: application/json, text/event-stream.", "team: whoever writes the client"},
    {"GH-M412", "headers and body say different things",
     "A header that mirrors the body (Mcp-Method, Mcp-Name, Mcp-Param-…) does not fit it, and "
     "policy may have been decided on it.",
     "Send headers that repeat exactly what the body says.", "team: whoever writes the client"},
    {"GH-M413", "the method is not allowed here", "The HTTP method has no meaning at this address.",
     "Send messages with POST; GET and DELETE need the header Mcp-Session-Id.",
     "team: whoever writes the client"},
    {"GH-M420", "the JSON Schema cannot be used, or the connector refused",
     "A tool's schema has an unknown reference, a bad pattern or is too deep, so its arguments "
     "cannot be checked; `gatehouse call` also shows the connector's own JSON-RPC errors under "
     "this code.",
     "Correct the schema at the pointer that is named, or read the connector's error.", "team"},
    {"GH-M421", "the arguments do not fit the tool's schema",
     "The arguments are no object or break the tool's inputSchema at the pointer that is named. "
     "The connector never saw the call.",
     "Correct the arguments.", "team: whoever writes the client"},
    {"GH-M425", "the cursor is not one of this list",
     "A list was asked for with a cursor that was not given for it, or has been tampered with.",
     "Start again without a cursor.", "team: whoever writes the client"},
    {"GH-M430", "the request state is not valid any more",
     "A requestState belongs to another caller or request, has expired, or its call is no longer "
     "waiting.",
     "Send the request again without requestState.", "team: whoever writes the client"},
    {"GH-M431", "the client lacks an extension",
     "The call needs an extension (tasks) that the client did not declare.",
     "Declare the extension, or call without it.", "team: whoever writes the client"},
    {"GH-M432", "the connector's requestState cannot be passed on",
     "It must be a string of a bounded length.", "Report it to the connector's author.", "team"},
    {"GH-M433", "the client did not give the input that was asked for",
     "The connector asked a question in the middle of a call, and the client did not answer, or "
     "not in the right form.",
     "Call again, and answer what is asked.", "team: whoever writes the client"},
    {"GH-M434", "the connector's question cannot be passed on",
     "What the connector asks is malformed, or of a kind that the protocol does not know.",
     "Report it to the connector's author.", "team"},
};

} // namespace

std::span<const CauseCode> protocol_cause_codes() {
    return protocol_causes;
}

} // namespace gatehouse
