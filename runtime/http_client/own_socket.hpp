// A socket that this process already owns as an Asio socket, whatever its family. For the streams
// and the dialler.
#pragma once

#include "runtime/base/task.hpp"
#include "runtime/base/unique_fd.hpp"

#include <boost/asio/generic/stream_protocol.hpp>
#include <sys/socket.h>

namespace gatehouse::runtime {

using StreamSocket = asio::generic::stream_protocol::socket;

// A descriptor that is no socket gives a closed one, whose reads and writes fail.
inline StreamSocket adopt_socket(const Executor& executor, UniqueFd socket) {
    StreamSocket adopted(executor);
    int family = 0;
    socklen_t size = sizeof family;
    if (::getsockopt(socket.get(), SOL_SOCKET, SO_DOMAIN, &family, &size) == 0) {
        boost::system::error_code failure;
        adopted.assign(asio::generic::stream_protocol(family, 0), socket.get(), failure);
        if (!failure) {
            static_cast<void>(socket.release());
            // Or Asio sets it at the first wait, which is one more place that could fail.
            adopted.native_non_blocking(true, failure);
        }
    }
    return adopted;
}

} // namespace gatehouse::runtime
