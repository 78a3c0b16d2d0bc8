// The JSON-RPC 2.0 envelope as spans over the received bytes. Pure. Used towards clients and
// connectors.
#pragma once

#include "runtime/base/result.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::runtime {

enum class MessageKind { request, notification, response };

// Views into the text given to read_envelope; valid while that text lives.
struct Envelope {
    MessageKind kind = MessageKind::notification;
    std::string_view id;     // raw bytes of the id ("1", "\"a\""); empty for a notification
    std::string method;      // unescaped; empty for a response
    std::string_view params; // raw; empty if absent
    std::string_view result; // raw; empty if absent
    std::string_view error;  // raw; empty if absent
};

// Validates the whole text and reads its outermost members. Refused: not an object, jsonrpc not
// "2.0", id neither string nor integer, both result and error, params neither object nor array,
// duplicate keys. Error GH-M403; where the id could be read it stands in `where`.
Result<Envelope> read_envelope(std::string_view text);

} // namespace gatehouse::runtime
