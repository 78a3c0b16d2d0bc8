// The gateway's requests to a client of a session, and the client's answers.
#include "gateway/mcp/client_sessions.hpp"

namespace gatehouse::gateway {

void ClientSession::close() {
    const auto unanswered = std::exchange(open_requests_, {});
    for (const auto& [request_id, on_answer] : unanswered) {
        on_answer("", R"({"code":-32000,"message":"the client's session ended"})");
    }
}

} // namespace gatehouse::gateway
