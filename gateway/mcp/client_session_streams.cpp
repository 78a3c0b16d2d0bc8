// The streams of a client session: one for each POST that is answered by a stream, and the
// standalone one.
#include "gateway/mcp/client_sessions.hpp"

#include <charconv>

namespace gatehouse::gateway {

namespace {

constexpr std::size_t kept_streams_max_count = 32;
// A client may never open it.
constexpr std::size_t standalone_backlog_max_bytes = 256ULL << 10;
constexpr auto client_retry = std::chrono::milliseconds(3000);
// Of streams whose answer the client has; it may come back for it.
constexpr std::size_t delivered_kept_max_bytes = 1ULL << 20;

std::optional<std::uint64_t> event_part_number(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc() || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return number;
}

} // namespace

MessageStreamOptions ClientSession::stream_options(std::uint64_t number) const {
    MessageStreamOptions options;
    options.event_id_prefix = std::to_string(number) + "-";
    options.priming_retry = has_priming() ? client_retry : std::chrono::milliseconds(0);
    options.kept_total_bytes = kept_total_bytes;
    return options;
}

std::shared_ptr<MessageStream> ClientSession::open_stream(Executor executor) {
    forget_old_streams();
    const std::uint64_t number = ++last_stream_;
    auto stream = std::make_shared<MessageStream>(executor, stream_options(number));
    streams_.emplace(number, stream);
    return stream;
}

// Those that ended and were delivered go first, then the oldest whatever they are: they live on
// with the call they belong to, but cannot be resumed.
void ClientSession::forget_old_streams() {
    std::size_t delivered_bytes = 0;
    for (auto at = streams_.rbegin(); at != streams_.rend(); ++at) {
        delivered_bytes += at->second->delivered() ? at->second->kept_bytes() : 0;
    }
    for (auto at = streams_.begin(); at != streams_.end();) {
        const bool over =
            streams_.size() >= kept_streams_max_count || delivered_bytes > delivered_kept_max_bytes;
        if (over && at->second->delivered()) {
            delivered_bytes -= at->second->kept_bytes();
            at = streams_.erase(at);
        } else {
            ++at;
        }
    }
    while (streams_.size() >= kept_streams_max_count) {
        streams_.erase(streams_.begin());
    }
}

std::shared_ptr<MessageStream> ClientSession::standalone(Executor executor) {
    if (standalone_ == nullptr) {
        MessageStreamOptions options = stream_options(0);
        options.backlog_max_bytes = standalone_backlog_max_bytes;
        standalone_ = std::make_shared<MessageStream>(executor, std::move(options));
    }
    return standalone_;
}

ClientSession::Resumption ClientSession::resume(std::string_view last_event_id) const {
    const auto dash = last_event_id.find('-');
    if (dash == std::string_view::npos) {
        return {};
    }
    const auto stream = event_part_number(last_event_id.substr(0, dash));
    const auto event = event_part_number(last_event_id.substr(dash + 1));
    if (!stream || !event) {
        return {};
    }
    if (*stream == 0) {
        return {standalone_, *event};
    }
    const auto found = streams_.find(*stream);
    return found == streams_.end() ? Resumption{} : Resumption{found->second, *event};
}

void ClientSession::close_streams() {
    for (const auto& [number, stream] : std::exchange(streams_, {})) {
        stream->close();
    }
    if (standalone_ != nullptr) {
        standalone_->close();
    }
}

void ClientSession::close_standalone() {
    if (const auto stream = std::exchange(standalone_, nullptr)) {
        stream->close();
    }
}

} // namespace gatehouse::gateway
