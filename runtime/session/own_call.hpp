// The gateway's own requests to a connector: the handshake, lists, ping. Pure but for the clock.
#pragma once

#include "runtime/base/clock.hpp"
#include "runtime/connector_call.hpp"

#include <memory>
#include <string>

namespace gatehouse::runtime {

// A call of nobody's that must be answered by then.
std::shared_ptr<ConnectorCall> own_call(std::string method, std::string params, SteadyTime until);

} // namespace gatehouse::runtime
