// JSON bodies and RFC 9457 problem details as replies, the same on both listeners. Pure.
#pragma once

#include "gateway/http/server.hpp"
#include "runtime/base/json.hpp"

namespace gatehouse::gateway {

HttpReply json_reply(int status, const Json& body);
// With our members code, what, where, why, action beside the standard ones.
HttpReply problem_reply(int status, const Error& error);

} // namespace gatehouse::gateway
