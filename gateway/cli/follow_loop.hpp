// FollowLoop: `-f`: reads what is new until interrupted, over restarts of the daemon: when it is
// gone, that is said once, and the reading goes on from the same place when it is back.
#pragma once

#include "gateway/cli/context.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace gatehouse::gateway {

struct FollowRequest {
    std::string target;
    // False: nobody reads any more.
    std::function<bool(std::string_view type, const Json& data)> on_event;
};

// Ends when nobody reads the output any more, or with the daemon's refusal. If no daemon answers at
// the start, that is an error.
ExitCode follow_loop(CliContext& context, const FollowRequest& request);

// The waits between attempts: 100 ms, doubled up to 2 s. Pure.
std::chrono::milliseconds follow_retry_wait(int attempts);

} // namespace gatehouse::gateway
