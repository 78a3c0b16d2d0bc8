// The coroutine type of the project and the few Asio names every coroutine uses. One io_context on
// one thread: an object belongs to the loop that created it, and nothing here is thread-safe.
//
// House rules (a compiler fault makes them hard rules, see CONTRIBUTING.md): `co_await` stands
// alone in its statement; nothing with a capture or braces is created inside it; no capturing
// lambda is a coroutine.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace gatehouse {

namespace asio = boost::asio;

template <class T>
using Task = asio::awaitable<T>;

using Executor = asio::any_io_executor;

} // namespace gatehouse
