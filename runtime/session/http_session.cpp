#include "runtime/session/http_session.hpp"

#include "runtime/base/log.hpp"
#include "runtime/session/failures.hpp"
#include "runtime/session/http_session_core.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>

namespace gatehouse::runtime {

namespace {

// Beside the calls: the GET stream, subscriptions, notes and answers to the connector's questions.
constexpr std::size_t other_connections_count = 32;
constexpr std::size_t background_tasks_max_count = 256;
constexpr std::size_t deferred_tasks_max_count = 64;
constexpr std::chrono::seconds delete_max{1};

HttpClientOptions client_options(HttpClientOptions options, const SessionOptions& session) {
    options.connections_max_count =
        std::max(options.connections_max_count,
                 static_cast<std::size_t>(session.concurrency) + other_connections_count);
    return options;
}

asio::steady_timer never(const Executor& executor) {
    return asio::steady_timer(executor, SteadyTime::max());
}

} // namespace

struct HttpSession::Impl final : HttpSessionCore {
    using HttpSessionCore::HttpSessionCore;
};

HttpSessionCore::HttpSessionCore(Executor executor, HttpConnector connector, SessionOptions options,
                                 Session::Events events)
    : executor_(executor), options_(std::move(options)), events_(std::move(events)),
      client_(executor, std::move(connector.target),
              client_options(std::move(connector.client), options_)),
      ended_(never(executor)), get_stream_settled_(never(executor)), tasks_(executor) {}

Task<Error> HttpSessionCore::run(Core core) {
    // Its own cancellation is an end like any other: what was started is joined all the same.
    const bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    core->running_ = true;
    for (auto& [name, task] : core->deferred_) {
        core->tasks_.spawn(std::move(name), std::move(task));
    }
    core->deferred_.clear();
    while (!core->end_reason_) {
        boost::system::error_code ignored;
        auto token = asio::redirect_error(asio::use_awaitable, ignored);
        co_await core->ended_.async_wait(token);
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none) {
            core->end(failures::stopped());
        }
    }
    core->tasks_.stop();
    auto joining = core->tasks_.join();
    co_await std::move(joining);
    if (!core->session_id_.empty()) {
        auto deleting = delete_session(core);
        co_await std::move(deleting);
    }
    co_await asio::this_coro::throw_if_cancelled(throws);
    co_return *core->end_reason_;
}

void HttpSessionCore::end(const Error& reason) {
    if (end_reason_) {
        return;
    }
    end_reason_ = reason;
    deferred_.clear();
    while (!queue_.empty()) {
        finish(*queue_.front(), CallEnd::never_sent, failures::never_sent(reason));
    }
    // Each ends by itself, once its coroutine sees that its wait was cut.
    for (const auto& [id, pending] : std::map(in_flight_)) {
        pending->limit->abort();
    }
    while (const auto input = inputs_.take_any()) {
        release_input(*input);
        input->request->withdraw();
    }
    ended_.cancel();
    renewal_ended();
}

void HttpSessionCore::close_session() {
    if (std::exchange(closing_, true) || end_reason_) {
        return;
    }
    while (!queue_.empty()) {
        finish(*queue_.front(), CallEnd::never_sent, failures::never_sent(failures::stopped()));
    }
    if (!session_id_.empty()) {
        in_background("end of the server's session", delete_session(shared_from_this()));
    }
}

Task<void> HttpSessionCore::delete_session(Core core) {
    HttpClientRequest request = core->legacy_request("DELETE", "");
    request.head_until = std::chrono::steady_clock::now() + delete_max;
    auto asking = core->client_.request(std::move(request));
    // Servers may refuse it (405); there is nothing to do about any answer.
    const HttpReply ignored = co_await std::move(asking);
    core->session_id_.clear();
}

void HttpSessionCore::in_background(std::string name, Task<void> task) {
    if (end_reason_) {
        return;
    }
    if (!running_) {
        if (deferred_.size() < deferred_tasks_max_count) {
            deferred_.emplace_back(std::move(name), std::move(task));
        }
    } else if (tasks_.running_count() < background_tasks_max_count) {
        tasks_.spawn(std::move(name), std::move(task));
    } else {
        log_warn("an HTTP connector's session is overloaded; dropped: " + name);
    }
}

HttpSession::HttpSession(Executor executor, HttpConnector connector, SessionOptions options,
                         Events events)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(connector), std::move(options),
                                   std::move(events))) {}

HttpSession::~HttpSession() {
    stop();
}

Task<Error> HttpSession::run() {
    return HttpSessionCore::run(impl_);
}

Task<Result<Catalogue>> HttpSession::handshake(std::chrono::milliseconds deadline) {
    return HttpSessionCore::handshake(impl_, deadline);
}

Task<Result<Catalogue>> HttpSession::refresh_catalogue(std::chrono::milliseconds deadline) {
    return HttpSessionCore::refresh_all(impl_, std::chrono::steady_clock::now() + deadline);
}

Task<Result<Catalogue>> HttpSession::refresh_list(ListKind kind,
                                                  std::chrono::milliseconds deadline) {
    return HttpSessionCore::refresh_one(impl_, kind, std::chrono::steady_clock::now() + deadline);
}

Task<CallReply> HttpSession::call(std::shared_ptr<ConnectorCall> call) {
    return HttpSessionCore::perform(impl_, std::move(call), HttpLane::shared);
}

Task<CallReply> HttpSession::watch_resource(std::string uri, std::chrono::milliseconds deadline) {
    return HttpSessionCore::watch(impl_, std::move(uri), deadline);
}

void HttpSession::unwatch_resource(const std::string& uri) {
    impl_->unwatch(uri);
}

void HttpSession::tell_roots_changed() {
    impl_->tell_roots_changed();
}

Task<bool> HttpSession::ping(std::chrono::milliseconds deadline) {
    return HttpSessionCore::ping(impl_, std::chrono::steady_clock::now() + deadline);
}

void HttpSession::close_stdin() {
    impl_->close_session();
}
void HttpSession::stop() {
    impl_->end(failures::stopped());
}
const SessionCounters& HttpSession::counters() const {
    return impl_->counters();
}
std::vector<CallInFlight> HttpSession::calls_in_flight(std::size_t max) const {
    return impl_->calls_in_flight(max);
}
std::vector<CallId> HttpSession::call_ids(std::size_t max) const {
    return impl_->call_ids(max);
}

} // namespace gatehouse::runtime
