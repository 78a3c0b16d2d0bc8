#include "runtime/session/own_call.hpp"

#include <algorithm>

namespace gatehouse::runtime {

std::shared_ptr<ConnectorCall> own_call(std::string method, std::string params, SteadyTime until) {
    auto call = std::make_shared<ConnectorCall>();
    call->method = std::move(method);
    call->params = std::move(params);
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    call->deadline = std::max(left, std::chrono::milliseconds(0));
    return call;
}

} // namespace gatehouse::runtime
