// The gateway's requests to a client of a session, and the client's answers.
#include "gateway/mcp/client_sessions.hpp"

#include <charconv>

namespace gatehouse::gateway {

namespace {
constexpr std::size_t open_requests_max_count = 64;
} // namespace

std::uint64_t ClientSession::ask(MessageStream& stream, std::string_view method,
                                 std::string_view params, ClientAnswer on_answer) {
    if (closed_ || open_requests_.size() >= open_requests_max_count) {
        return 0;
    }
    const std::uint64_t request_id = last_request_ + 1;
    std::string message = R"({"jsonrpc":"2.0","id":)" + std::to_string(request_id);
    message.reserve(message.size() + method.size() + params.size() + 32);
    message += ",\"method\":\"";
    message += method;
    message += "\"";
    if (!params.empty()) {
        message += ",\"params\":";
        message += params;
    }
    message += "}";
    if (!stream.push(std::move(message), MessageStream::Weight::must_arrive)) {
        return 0;
    }
    last_request_ = request_id;
    open_requests_.emplace(request_id, std::move(on_answer));
    return request_id;
}

void ClientSession::withdraw(MessageStream& stream, std::uint64_t request_id) {
    if (open_requests_.erase(request_id) == 0) {
        return;
    }
    stream.push(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":)" +
                    std::to_string(request_id) + "}}",
                MessageStream::Weight::must_arrive);
}

bool ClientSession::settle(std::string_view raw_id, std::string_view result,
                           std::string_view error) {
    std::uint64_t request_id = 0;
    const auto [end, problem] =
        std::from_chars(raw_id.data(), raw_id.data() + raw_id.size(), request_id);
    const auto found = problem == std::errc() && end == raw_id.data() + raw_id.size()
                           ? open_requests_.find(request_id)
                           : open_requests_.end();
    if (found == open_requests_.end()) {
        return false;
    }
    const ClientAnswer on_answer = std::move(found->second);
    open_requests_.erase(found);
    on_answer(std::string(result), std::string(error));
    return true;
}

void ClientSession::close() {
    closed_ = true;
    const auto unanswered = std::exchange(open_requests_, {});
    for (const auto& [request_id, on_answer] : unanswered) {
        on_answer("", R"({"code":-32000,"message":"the client's session ended"})");
    }
    close_streams();
}

} // namespace gatehouse::gateway
