#include "gateway/admin/follow.hpp"

#include "gateway/http/problem.hpp"

#include <boost/asio/redirect_error.hpp>
#include <utility>

namespace gatehouse::gateway {

namespace {

HttpReply too_many_followers() {
    return problem_reply(503,
                         Error{"GH-R713", "too many followers of logs and events", "",
                               std::to_string(FollowGroup::followers_max_count) + " are connected",
                               "End one of the running `gatehouse logs -f` or `events -f`"});
}

Task<void> write_follow(std::shared_ptr<Follow> follow, FollowSource& source,
                        HttpResponder& responder) {
    std::vector<std::pair<std::string, std::string>> headers;
    headers.emplace_back("Cache-Control", "no-store");
    std::string content_type = "text/event-stream";
    bool open = co_await responder.start_stream(200, std::move(content_type), std::move(headers));
    auto last_written = std::chrono::steady_clock::now();
    while (open && !follow->ended()) {
        FollowSource::Piece piece = source.next();
        const auto now = std::chrono::steady_clock::now();
        if (piece.text.empty() && now - last_written >= Follow::heartbeat_interval) {
            piece.text = "id: " + std::to_string(source.cursor()) + "\n\n";
        }
        if (!piece.text.empty()) {
            last_written = now;
            open = co_await responder.write(std::move(piece.text));
        }
        // Also a long reading lets the rest of the daemon go on between its pieces.
        const auto wait = piece.more ? std::chrono::milliseconds(0) : Follow::poll_interval;
        co_await follow->pause(wait);
    }
    if (open) {
        co_await responder.finish();
    }
}

} // namespace

Task<void> Follow::pause(std::chrono::milliseconds time) {
    if (ended_) {
        co_return;
    }
    timer_.expires_after(time);
    boost::system::error_code ignored;
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    co_await timer_.async_wait(token);
}

Task<void> FollowGroup::run(std::unique_ptr<FollowSource> source, HttpResponder& responder) {
    std::erase_if(running_, [](const auto& weak) { return weak.expired(); });
    if (running_.size() >= followers_max_count) {
        HttpReply refusal = too_many_followers();
        co_await responder.send(std::move(refusal));
        co_return;
    }
    auto follow = std::make_shared<Follow>(executor_);
    running_.push_back(follow);
    if (stopping_) {
        follow->end();
    }
    std::weak_ptr<Follow> ended_by_peer = follow;
    responder.on_disconnect([ended_by_peer] {
        if (const auto running = ended_by_peer.lock()) {
            running->end();
        }
    });
    co_await write_follow(follow, *source, responder);
    responder.on_disconnect(nullptr);
}

void FollowGroup::stop() {
    stopping_ = true;
    for (const auto& weak : running_) {
        if (const auto follow = weak.lock()) {
            follow->end();
        }
    }
    running_.clear();
}

void append_sse_event(std::string& out, std::uint64_t seq, std::string_view type,
                      std::string_view json) {
    out += "id: " + std::to_string(seq) + "\nevent: ";
    out += type;
    out += "\ndata: ";
    out += json;
    out += "\n\n";
}

} // namespace gatehouse::gateway
