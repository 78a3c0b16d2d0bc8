#include "gateway/mcp/message_stream.hpp"

namespace gatehouse::gateway {

struct MessageStream::Impl {};

} // namespace gatehouse::gateway
