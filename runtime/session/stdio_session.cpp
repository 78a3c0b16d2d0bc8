#include "runtime/session/stdio_session.hpp"

#include "runtime/session/failures.hpp"
#include "runtime/session/session_core.hpp"

namespace gatehouse::runtime {

struct StdioSession::Impl final : SessionCore {
    using SessionCore::SessionCore;
};

SessionCore::SessionCore(Executor executor, UniqueFd connector_stdin, UniqueFd connector_stdout,
                         SessionOptions options, Session::Events events)
    : executor_(std::move(executor)), options_(std::move(options)), events_(std::move(events)),
      output_(std::make_shared<OutputPipe>(executor_, std::move(connector_stdin))),
      input_(executor_, connector_stdout.release()), framer_(options_.frame_max_bytes),
      deadline_timer_(executor_), patience_timer_(executor_), unended_timer_(executor_) {
    // Cleared by end(), which Session's destructor reaches in any case.
    output_->set_progress_handler([this] {
        if (output_->closed()) {
            fail_unsent(failures::stdin_closed());
        } else {
            send_queued();
        }
    });
}

SessionCore::~SessionCore() {
    output_->set_progress_handler(nullptr);
}

StdioSession::StdioSession(Executor executor, UniqueFd connector_stdin, UniqueFd connector_stdout,
                           SessionOptions options, Events events)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(connector_stdin),
                                   std::move(connector_stdout), std::move(options),
                                   std::move(events))) {}

StdioSession::~StdioSession() {
    stop();
}

Task<Error> StdioSession::run() {
    return SessionCore::read_until_end(impl_);
}

Task<Result<Catalogue>> StdioSession::handshake(std::chrono::milliseconds deadline) {
    return SessionCore::handshake(impl_, deadline);
}

Task<Result<Catalogue>> StdioSession::refresh_catalogue(std::chrono::milliseconds deadline) {
    return SessionCore::refresh_all(impl_, std::chrono::steady_clock::now() + deadline);
}

Task<Result<Catalogue>> StdioSession::refresh_list(ListKind kind,
                                                   std::chrono::milliseconds deadline) {
    return SessionCore::refresh_one(impl_, kind, std::chrono::steady_clock::now() + deadline);
}

Task<CallReply> StdioSession::watch_resource(std::string uri, std::chrono::milliseconds deadline) {
    return SessionCore::watch(impl_, std::move(uri), deadline);
}

void StdioSession::unwatch_resource(const std::string& uri) {
    impl_->unwatch(uri);
}

void StdioSession::tell_roots_changed() {
    impl_->tell_roots_changed();
}

Task<CallReply> StdioSession::call(std::shared_ptr<ConnectorCall> call) {
    return SessionCore::perform(impl_, std::move(call), Lane::shared);
}

Task<bool> StdioSession::ping(std::chrono::milliseconds deadline) {
    return SessionCore::ping(impl_, std::chrono::steady_clock::now() + deadline);
}

void StdioSession::close_stdin() {
    impl_->close_stdin();
}
void StdioSession::stop() {
    impl_->stop();
}
const SessionCounters& StdioSession::counters() const {
    return impl_->counters();
}
std::vector<CallInFlight> StdioSession::calls_in_flight(std::size_t max) const {
    return impl_->calls_in_flight(max);
}
std::vector<CallId> StdioSession::call_ids(std::size_t max) const {
    return impl_->call_ids(max);
}

} // namespace gatehouse::runtime
