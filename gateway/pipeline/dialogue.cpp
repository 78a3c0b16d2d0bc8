#include "gateway/pipeline/dialogue.hpp"

#include "runtime/base/assert.hpp"
#include "runtime/base/log.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>
#include <utility>

namespace gatehouse::gateway {

// Shared by the dialogue and the coroutine that serves its stream.
struct Dialogue::Serving {
    explicit Serving(const Executor& executor) : wake(executor, SteadyTime::max()) {}
    bool done = false;
    asio::steady_timer wake;
};

Dialogue::Dialogue(Dialogues& owner, SharedCall call, HttpResponder& responder)
    : owner_(owner), call_(std::move(call)), responder_(responder) {
    owner_.add(*this);
}

Dialogue::~Dialogue() {
    // The coroutine that serves it writes to the responder, which goes with the caller.
    GH_ASSERT(serving_ == nullptr || serving_->done);
}

void Dialogue::say(std::string message) {
    stream()->push(std::move(message), MessageStream::Weight::may_be_lost);
}

const std::shared_ptr<MessageStream>& Dialogue::stream() {
    if (stream_ == nullptr) {
        if (is_linked()) {
            unlink();
        }
        stream_ = call_->session != nullptr
                      ? call_->session->open_stream(owner_.executor_)
                      : std::make_shared<MessageStream>(owner_.executor_, MessageStreamOptions{});
        serving_ = std::make_shared<Serving>(owner_.executor_);
        serving_->done = owner_.tasks_.stopping();
        owner_.tasks_.spawn("answer stream", serve(stream_, responder_, serving_));
    }
    return stream_;
}

void Dialogue::close_stream() {
    if (stream_ != nullptr) {
        stream_->close();
    }
}

Task<void> Dialogue::serve(std::shared_ptr<MessageStream> stream, HttpResponder& responder,
                           std::shared_ptr<Serving> serving) {
    try {
        // What made the answer a stream is about to be said: it goes out with the head.
        co_await asio::post(asio::use_awaitable);
        co_await MessageStream::serve(stream, responder, 0);
    } catch (const std::exception& error) {
        log_warn(std::string("the stream of an answer failed: ") + error.what());
    }
    serving->done = true;
    serving->wake.cancel();
}

// Not to be left early, whatever happens to the caller: the stream uses its responder.
Task<void> Dialogue::wait_served() {
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    while (!serving_->done) {
        boost::system::error_code woken;
        auto token = asio::redirect_error(asio::use_awaitable, woken);
        co_await serving_->wake.async_wait(token);
    }
}

Task<void> Dialogue::finish(HttpReply reply) {
    if (is_linked()) {
        unlink();
    }
    if (stream_ == nullptr) {
        return responder_.send(std::move(reply));
    }
    stream_->push_last(std::move(reply));
    return wait_served();
}

Task<void> Dialogue::drop() {
    if (stream_ != nullptr) {
        stream_->close();
        co_await wait_served();
    }
}

Dialogues::Dialogues(Executor executor, TaskGroup& tasks, std::chrono::milliseconds silence_max)
    : executor_(executor), tasks_(tasks), silence_max_(silence_max), timer_(executor) {}

Dialogues::~Dialogues() = default;

void Dialogues::stop() {
    timer_.cancel();
}

void Dialogues::add(Dialogue& dialogue) {
    dialogue.silent_until_ = std::chrono::steady_clock::now() + silence_max_;
    silent_.push_back(dialogue);
    if (!armed_) {
        arm(dialogue.silent_until_);
    }
}

// It stays armed when the dialogues have ended: most end at once, and to arm it for each would
// cost more than to find nothing.
void Dialogues::arm(SteadyTime when) {
    armed_ = true;
    timer_.expires_at(when);
    timer_.async_wait([this, alive = std::weak_ptr(alive_)](boost::system::error_code error) {
        if (error || alive.expired()) {
            return;
        }
        armed_ = false;
        sweep();
    });
}

void Dialogues::sweep() {
    const SteadyTime now = std::chrono::steady_clock::now();
    while (!silent_.empty() && silent_.front().silent_until_ <= now) {
        silent_.front().stream();
    }
    if (!silent_.empty()) {
        arm(silent_.front().silent_until_);
    }
}

} // namespace gatehouse::gateway
