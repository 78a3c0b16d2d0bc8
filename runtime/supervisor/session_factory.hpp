// How sessions over HTTP are made: the supervisor's real ones, or a test's.
#pragma once

#include "runtime/http_client/http_client.hpp"
#include "runtime/session/session.hpp"

#include <functional>
#include <memory>

namespace gatehouse::runtime {

using HttpSessionFactory = std::function<std::unique_ptr<Session>(
    HttpTarget target, HttpClientOptions client, SessionOptions options, Session::Events events)>;

} // namespace gatehouse::runtime
