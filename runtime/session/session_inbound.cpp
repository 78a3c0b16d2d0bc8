#include "runtime/session/failures.hpp"
#include "runtime/session/session_core.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <fcntl.h>

namespace gatehouse::runtime {

namespace {

constexpr int enlarged_stdout_bytes = 1 << 20;
constexpr std::size_t stray_shown_max_bytes = 16ULL << 10;
// A line so many times as long as the limit is taken for one that never ends.
constexpr std::size_t unended_line_max_frames = 16;

} // namespace

Task<Error> SessionCore::read_until_end(std::shared_ptr<SessionCore> core) {
    while (!core->end_reason_) {
        const std::span<char> room = core->framer_.prepare();
        const auto buffer = asio::buffer(room.data(), room.size());
        boost::system::error_code failure;
        auto token = asio::redirect_error(asio::use_awaitable, failure);
        const std::size_t count = co_await core->input_.async_read_some(buffer, token);
        if (failure == asio::error::operation_aborted) {
            core->end(failures::stopped());
            break;
        }
        if (failure) {
            if (const auto line = core->framer_.last()) {
                core->accept_line(*line);
            }
            core->end(failures::stdout_closed());
            break;
        }
        ++core->counters_.received;
        core->framer_.commit(count);
        core->drain_lines();
        if (core->framer_.unended_bytes() > 0) {
            core->watch_unended_line();
        }
    }
    co_return *core->end_reason_;
}

void SessionCore::drain_lines() {
    while (!end_reason_) {
        const auto line = framer_.next();
        if (!line) {
            break;
        }
        accept_line(*line);
    }
    // As with stdin, only the pipes that carry large answers are enlarged.
    if (!input_enlarged_ && !end_reason_ && framer_.large_line_coming()) {
        input_enlarged_ = true;
        ::fcntl(input_.native_handle(), F_SETPIPE_SZ, enlarged_stdout_bytes);
    }
}

// A long line may still end, and the answers after it can be read; until then they cannot.
void SessionCore::watch_unended_line() {
    if (end_reason_) {
        return;
    }
    if (framer_.unended_bytes() / unended_line_max_frames > options_.frame_max_bytes) {
        end_unended_line();
        return;
    }
    const std::uint64_t number = framer_.unended_number();
    if (unended_watched_ == number) {
        return;
    }
    unended_watched_ = number;
    unended_timer_.expires_after(options_.unended_line_patience);
    unended_timer_.async_wait(
        [self = shared_from_this(), number](boost::system::error_code failure) {
            const bool same =
                self->framer_.unended_bytes() > 0 && self->framer_.unended_number() == number;
            if (!failure && same) {
                self->end_unended_line();
            }
        });
}

void SessionCore::end_unended_line() {
    end(failures::line_without_end(framer_.unended_bytes(), options_.frame_max_bytes));
}

void SessionCore::accept_line(const Line& line) {
    if (line.oversize) {
        accept_oversize(line);
        return;
    }
    const Result<Envelope> envelope = read_envelope(line.text);
    if (!envelope) {
        accept_broken(line, envelope.error());
        return;
    }
    switch (envelope->kind) {
    case MessageKind::response:
        accept_response(*envelope, line);
        break;
    case MessageKind::request:
        accept_request(*envelope);
        break;
    case MessageKind::notification:
        accept_notification(*envelope);
        break;
    }
}

void SessionCore::accept_oversize(const Line& line) {
    const std::string_view id = guess_id(line.text, line.tail);
    PendingCall* const pending = in_flight_.find(id);
    if (pending == nullptr) {
        accept_stray(line.text);
        return;
    }
    finish(*pending, CallEnd::may_have_run,
           failures::answer_too_long(line.length_bytes, options_.frame_max_bytes));
}

void SessionCore::accept_broken(const Line& line, const Error& problem) {
    PendingCall* const pending = in_flight_.find(problem.where);
    if (pending == nullptr || guess_id(line.text, line.text).empty()) {
        accept_stray(line.text);
        return;
    }
    finish(*pending, CallEnd::may_have_run, failures::answer_unreadable(problem.why));
}

void SessionCore::accept_stray(std::string_view text) {
    ++counters_.stray_lines;
    if (events_.on_stray) {
        events_.on_stray(text.substr(0, stray_shown_max_bytes));
    }
}

void SessionCore::accept_response(const Envelope& envelope, const Line& line) {
    PendingCall* const pending = in_flight_.take_answered(envelope.id);
    if (pending == nullptr) {
        accept_unexpected(envelope.id);
        return;
    }
    if (pending->lane == Lane::listen) {
        stream_ended(pending->upstream_id);
    }
    const bool is_result = envelope.error.empty();
    const std::string_view body = is_result ? envelope.result : envelope.error;
    if (body.front() != '{') {
        finish(*pending, CallEnd::may_have_run,
               failures::answer_unreadable("its result is not an object"));
        return;
    }
    CallReply& reply = pending->reply;
    reply.body_offset = static_cast<std::size_t>(body.data() - line.text.data());
    reply.body_length = body.size();
    reply.frame = framer_.take();
    finish(*pending, is_result ? CallEnd::result : CallEnd::error, Error());
}

// An answer that nothing waits for: late, not needed, or invented.
void SessionCore::accept_unexpected(std::string_view raw_id) {
    const auto id = upstream_id_of(raw_id);
    if (id && (unawaited_.erase(*id) > 0 || stream_ended(*id))) {
        return;
    }
    if (id) {
        accept_late_answer(*id);
    }
    ++counters_.unknown_ids;
}

} // namespace gatehouse::runtime
