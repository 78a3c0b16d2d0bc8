#include "tests/unit/session/session_stage.hpp"

#include <boost/asio/steady_timer.hpp>

namespace session_test {

Task<void> Stage::until(Stage& stage, std::function<bool()> done) {
    asio::steady_timer timer(stage.io);
    while (!done()) {
        timer.expires_after(1ms);
        co_await timer.async_wait(asio::use_awaitable);
    }
}

} // namespace session_test
