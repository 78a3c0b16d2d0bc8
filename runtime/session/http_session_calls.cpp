#include "runtime/session/failures.hpp"
#include "runtime/session/http_session_core.hpp"
#include "runtime/session/log_level.hpp"
#include "runtime/session/own_call.hpp"
#include "runtime/session/request_text.hpp"
#include "runtime/session/utf8_check.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

namespace gatehouse::runtime {

namespace {

// All that waits for a slot.
constexpr std::size_t http_queue_max_bytes = 64ULL << 20;
constexpr std::chrono::seconds log_level_max{5};

} // namespace

HttpCall::~HttpCall() {
    if (admitted && !done) {
        core.forget(*this);
    }
}

Task<CallReply> HttpSessionCore::perform(Core core, std::shared_ptr<ConnectorCall> call,
                                         HttpLane lane) {
    HttpCall pending(*core, *call, lane);
    try {
        core->admit(pending);
        if (pending.queued) {
            auto waiting = await_turn(pending);
            co_await std::move(waiting);
        }
        if (!pending.done) {
            auto running = run_call(core, pending);
            co_await std::move(running);
        }
    } catch (const boost::system::system_error&) {
        core->cancel(pending, "the caller went away");
    }
    co_return std::move(pending.reply);
}

Task<CallReply> HttpSessionCore::ask(Core core, std::string method, std::string params,
                                     SteadyTime until) {
    auto call = own_call(std::move(method), std::move(params), until);
    return perform(std::move(core), std::move(call), HttpLane::direct);
}

void HttpSessionCore::admit(HttpCall& pending) {
    pending.admitted = true;
    if (pending.lane == HttpLane::shared) {
        ++counters_.calls;
    }
    if (end_reason_ || closing_) {
        const Error reason = end_reason_ ? *end_reason_ : failures::stopped();
        finish(pending, CallEnd::never_sent, failures::never_sent(reason));
        return;
    }
    if (pending.call.cancelled()) {
        finish(pending, CallEnd::cancelled, failures::cancelled(*pending.call.cancelled()));
        return;
    }
    const bool at_once =
        pending.lane != HttpLane::shared || (queue_.empty() && may_send_now(pending));
    const std::size_t size = pending.call.params.size();
    const bool full = queue_.size() >= options_.queue_max_count ||
                      (queued_bytes_ > 0 && queued_bytes_ + size > http_queue_max_bytes);
    if (!at_once && full) {
        finish(pending, CallEnd::never_sent, failures::queue_full(counters_.queued));
        return;
    }
    pending.call.set_cancel_handler(
        [waiting = &pending] { waiting->core.cancel(*waiting, *waiting->call.cancelled()); });
    pending.limit = std::make_shared<WaitLimit>(executor_);
    pending.deadline = std::chrono::steady_clock::now() + pending.call.deadline;
    if (at_once) {
        take_slot(pending);
        return;
    }
    pending.turn = std::make_unique<asio::steady_timer>(executor_, pending.deadline);
    pending.queued = true;
    queue_.push_back(&pending);
    ++counters_.queued;
    queued_bytes_ += size;
}

// An exclusive call at the head of the queue holds up those behind it: they do not overtake it.
bool HttpSessionCore::may_send_now(const HttpCall& pending) const {
    const int others_max = pending.exclusive ? 1 : options_.concurrency;
    return !exclusive_in_flight_ && counters_.in_flight < static_cast<std::uint64_t>(others_max);
}

void HttpSessionCore::take_slot(HttpCall& pending) {
    if (pending.lane == HttpLane::shared) {
        pending.holds_slot = true;
        ++counters_.in_flight;
        exclusive_in_flight_ = pending.exclusive;
    }
}

void HttpSessionCore::wake_queued() {
    while (!queue_.empty() && may_send_now(*queue_.front())) {
        HttpCall& next = *queue_.front();
        queue_.pop_front();
        --counters_.queued;
        queued_bytes_ -= next.call.params.size();
        next.queued = false;
        take_slot(next);
        next.turn->cancel();
    }
}

failures::SlotsTaken HttpSessionCore::slots_taken(const HttpCall& waiting) const {
    failures::SlotsTaken taken;
    taken.concurrency = options_.concurrency;
    taken.one_at_a_time = options_.concurrency > 1 && (waiting.exclusive || exclusive_in_flight_);
    for (const auto& [id, pending] : in_flight_) {
        taken.client_asked = taken.client_asked || pending->open_inputs > 0;
    }
    return taken;
}

Task<void> HttpSessionCore::await_turn(HttpCall& pending) {
    boost::system::error_code ignored;
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    co_await pending.turn->async_wait(token);
    if (!pending.queued || pending.done) {
        co_return;
    }
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) {
        pending.core.cancel(pending, "the caller went away");
    } else {
        pending.core.finish(
            pending, CallEnd::never_sent,
            failures::no_slot_within(pending.call.deadline, pending.core.slots_taken(pending)));
    }
}

Task<void> HttpSessionCore::run_call(Core core, HttpCall& pending) {
    if (pending.lane == HttpLane::shared && !pending.call.log_level.empty()) {
        auto setting = want_log_level(core, pending.call.log_level, pending.deadline);
        co_await std::move(setting);
    }
    while (!pending.done) {
        if (core->renewing_ && pending.lane != HttpLane::handshake) {
            auto waiting = await_renewal(core, pending.limit, pending.deadline);
            co_await std::move(waiting);
        }
        auto exchanging = exchange(core, pending);
        const Again again = co_await std::move(exchanging);
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none) {
            core->cancel(pending, "the caller went away");
        }
        if (pending.done || again == Again::no) {
            break;
        }
        if (again == Again::with_new_headers) {
            pending.may_refresh = false;
            auto refreshing = refresh_one(core, ListKind::tools, pending.deadline);
            const Result<Catalogue> ignored = co_await std::move(refreshing);
            continue;
        }
        pending.may_renew = false;
        auto renewing = renew_session(core, pending);
        const Result<void> renewed = co_await std::move(renewing);
        if (!renewed) {
            core->finish(pending, CallEnd::never_sent, failures::never_sent(renewed.error()));
        }
    }
}

// The connector has one level for all it says, so it only ever gets more verbose. Before the call,
// because requests of their own connections may overtake each other.
Task<void> HttpSessionCore::want_log_level(Core core, std::string level, SteadyTime until) {
    const auto severity = severity_of(level);
    const bool known = core->log_severity_set_ && severity && *core->log_severity_set_ <= *severity;
    if (!core->takes_log_level_ || !severity || known) {
        co_return;
    }
    core->log_severity_set_ = severity;
    const SteadyTime patience = std::chrono::steady_clock::now() + log_level_max;
    auto asking =
        ask(core, "logging/setLevel", "{\"level\":\"" + level + "\"}", std::min(until, patience));
    const CallReply ignored = co_await std::move(asking);
}

void HttpSessionCore::detach(HttpCall& pending) {
    if (pending.queued) {
        queue_.erase(std::find(queue_.begin(), queue_.end(), &pending));
        pending.queued = false;
        --counters_.queued;
        queued_bytes_ -= pending.call.params.size();
        pending.turn->cancel();
    }
    in_flight_.erase(pending.id);
    if (std::exchange(pending.holds_slot, false)) {
        --counters_.in_flight;
        exclusive_in_flight_ = exclusive_in_flight_ && !pending.exclusive;
    }
    // A cancelled call is usually inside this very handler, and never calls it again.
    if (!pending.call.cancelled()) {
        pending.call.set_cancel_handler(nullptr);
    }
}

void HttpSessionCore::finish(HttpCall& pending, CallEnd how, Error failure) {
    if (pending.done) {
        return;
    }
    detach(pending);
    pending.done = true;
    pending.reply.end = how;
    pending.reply.era = era_;
    pending.reply.failure = std::move(failure);
    if (pending.open_inputs > 0) {
        withdraw_inputs_of(pending);
    }
    if (!end_reason_) {
        wake_queued();
    }
}

void HttpSessionCore::forget(HttpCall& pending) {
    detach(pending);
    pending.done = true;
    withdraw_inputs_of(pending);
    if (!end_reason_) {
        tell_cancelled(pending, "the caller went away");
        wake_queued();
    }
}

void HttpSessionCore::cancel(HttpCall& pending, std::string_view reason) {
    if (pending.done) {
        return;
    }
    const std::string words(is_valid_utf8(reason) ? reason : "cancelled");
    tell_cancelled(pending, words);
    finish(pending, CallEnd::cancelled, failures::cancelled(words));
    if (pending.limit) {
        pending.limit->abort();
    }
}

// What an HTTP failure means for the call.
void HttpSessionCore::fail(HttpCall& pending, Error failure, HttpSent sent) {
    if (pending.done) {
        return;
    }
    const bool never_sent = sent == HttpSent::never_sent;
    if (failure.code == "GH-R704" && !end_reason_) {
        cancel(pending, "the caller went away");
    } else if (end_reason_) {
        finish(pending, never_sent ? CallEnd::never_sent : CallEnd::may_have_run,
               never_sent ? failures::never_sent(*end_reason_)
                          : failures::may_have_run(*end_reason_));
    } else if (never_sent) {
        finish(pending, CallEnd::never_sent, std::move(failure));
    } else if (pending.limit->cut() == WaitCut::timed_out) {
        expire(pending);
    } else {
        if (failure.code != "GH-M402" && failure.code != "GH-M403") {
            failure.what += "; the call may have run";
            failure.action = "check whether it took effect before repeating it; " + failure.action;
        }
        finish(pending, CallEnd::may_have_run, std::move(failure));
    }
}

void HttpSessionCore::expire(HttpCall& pending) {
    const bool client_is_slow = pending.open_inputs > 0;
    tell_cancelled(pending, client_is_slow ? "no answer of the client within the time allowed"
                                           : "no answer within the time allowed");
    const auto rested = std::chrono::duration_cast<std::chrono::milliseconds>(pending.rest.left());
    if (client_is_slow) {
        finish(pending, CallEnd::timed_out, failures::no_input_within(rested));
        return;
    }
    finish(pending, CallEnd::timed_out,
           options_.elsewhere ? failures::no_answer_from_server(pending.call.deadline)
                              : failures::no_answer_within(pending.call.deadline));
}

// In the modern era closing the stream is the cancellation, and the exchange's end does that.
void HttpSessionCore::tell_cancelled(const HttpCall& pending, std::string_view reason) {
    if (!pending.posted) {
        return;
    }
    abandoned_calls_ = abandoned_calls_ || pending.lane == HttpLane::shared;
    // `initialize` must not be cancelled.
    if (era_ == Era::legacy && pending.lane != HttpLane::handshake && !end_reason_) {
        std::string note;
        append_cancelled(pending.id, reason, note);
        in_background("notifications/cancelled", post_note(shared_from_this(), std::move(note)));
    }
}

void HttpSessionCore::set_deadline(HttpCall& pending, SteadyTime deadline) {
    pending.deadline = deadline;
    pending.limit->set_deadline(deadline);
}

void HttpSessionCore::rest_deadline(HttpCall& pending) {
    set_deadline(pending, pending.rest.begin(pending.deadline, std::chrono::steady_clock::now()));
}

void HttpSessionCore::resume_deadline(HttpCall& pending) {
    set_deadline(pending, pending.rest.end(std::chrono::steady_clock::now()));
}

} // namespace gatehouse::runtime
