#include "gateway/pipeline/parked_calls.hpp"

#include "runtime/base/json.hpp"
#include "runtime/session/json_scan.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <utility>

namespace gatehouse::gateway {

namespace {

// An answer that comes while nobody waits for it is kept up to this size only.
constexpr std::size_t unattended_reply_max_bytes = 256ULL << 10;
// A connector cannot fill the memory with questions that nobody answers.
constexpr std::size_t open_questions_max_count = 16;

} // namespace

void ParkedCall::ask(const std::shared_ptr<ParkedCall>& call,
                     std::shared_ptr<runtime::InputRequest> request) {
    if (call->questions.size() >= open_questions_max_count) {
        request->refuse(R"({"code":-32000,"message":"too many questions are open"})");
        return;
    }
    request->set_withdrawn_handler([weak = std::weak_ptr(call), asked = request.get()] {
        if (const auto alive = weak.lock()) {
            std::erase_if(alive->questions,
                          [asked](const Question& one) { return one.request.get() == asked; });
            alive->notify();
        }
    });
    std::string key = call->new_key(*request);
    call->questions.push_back({std::move(key), std::move(request)});
    call->notify();
}

std::string ParkedCall::new_key(const runtime::InputRequest& request) {
    ++asked_count_;
    std::string key = input_key(request.method, request.params, asked_count_);
    const bool taken = std::any_of(questions.begin(), questions.end(),
                                   [&](const Question& one) { return one.key == key; });
    return taken ? "input_" + std::to_string(asked_count_) : key;
}

void ParkedCall::answer(std::string_view responses) {
    const std::vector<Question> asked = std::move(questions);
    questions.clear();
    std::vector<std::pair<std::shared_ptr<runtime::InputRequest>, std::string>> answers;
    for (const Question& one : asked) {
        const auto given = runtime::find_member(responses, one.key);
        if (given && given->starts_with('{')) {
            answers.emplace_back(one.request, *given);
        } else {
            questions.push_back(one);
        }
    }
    // Last, because an answer may bring the next question at once.
    for (auto& [request, given] : answers) {
        request->answer(std::move(given));
    }
}

void ParkedCall::end(runtime::CallReply ended) {
    if (dialogue == nullptr && ended.frame.size() > unattended_reply_max_bytes) {
        runtime::CallReply dropped;
        dropped.end = runtime::CallEnd::may_have_run;
        dropped.era = ended.era;
        dropped.instance = ended.instance;
        dropped.failure = Error{"GH-R709", "the connector's answer came while the client was away",
                                "", "it is too large to be kept", "Call again"};
        ended = std::move(dropped);
    }
    reply = std::move(ended);
    questions.clear();
    notify();
}

void ParkedCall::lack(MissingCapability capability) {
    missing = std::move(capability);
    notify();
}

Task<void> ParkedCall::wait_until(SteadyTime until) {
    wake_.expires_at(until);
    boost::system::error_code woken;
    auto token = asio::redirect_error(asio::use_awaitable, woken);
    co_await wake_.async_wait(token);
}

Task<void> ParkedCall::wait_for_news() {
    while (!reply && !missing && questions.empty()) {
        co_await wait_until(SteadyTime::max());
    }
}

Task<void> ParkedCall::wait_for_end() {
    while (!reply) {
        co_await wait_until(SteadyTime::max());
    }
}

Task<void> ParkedCall::gather(std::chrono::milliseconds window) {
    const SteadyTime until = std::chrono::steady_clock::now() + window;
    while (!reply && !missing && std::chrono::steady_clock::now() < until) {
        co_await wait_until(until);
    }
}

std::string ParkedCall::input_requests() const {
    std::string text = "{";
    for (const Question& one : questions) {
        text += text.size() > 1 ? "," : "";
        text += json_quote(one.key) + ":{\"method\":" + json_quote(one.request->method) +
                ",\"params\":" + (one.request->params.empty() ? "{}" : one.request->params) + "}";
    }
    return text + "}";
}

ParkedCalls::ParkedCalls(Executor executor, ParkingLimits limits)
    : limits_(limits), timer_(executor) {}

std::string ParkedCalls::park(std::shared_ptr<ParkedCall> call) {
    const PrincipalId principal = call->principal;
    std::size_t& own = counts_[principal];
    if (own >= limits_.max_count_per_principal || order_.size() >= limits_.max_count) {
        if (own == 0) {
            counts_.erase(principal);
        }
        return "";
    }
    ++own;
    std::string name = std::to_string(++last_name_);
    const SteadyTime until = std::chrono::steady_clock::now() + limits_.hold_max;
    const auto place = order_.insert(order_.end(), {name, std::move(call), until});
    by_name_.emplace(name, place);
    if (order_.size() == 1) {
        arm();
    }
    return name;
}

std::shared_ptr<ParkedCall> ParkedCalls::take(std::string_view name) {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) {
        return nullptr;
    }
    auto call = remove(found->second);
    if (order_.empty()) {
        timer_.cancel();
    }
    return call;
}

std::shared_ptr<ParkedCall> ParkedCalls::remove(Order::iterator place) {
    auto call = std::move(place->call);
    const auto count = counts_.find(call->principal);
    if (--count->second == 0) {
        counts_.erase(count);
    }
    by_name_.erase(place->name);
    order_.erase(place);
    return call;
}

void ParkedCalls::arm() {
    timer_.expires_at(order_.front().until);
    timer_.async_wait([this, alive = std::weak_ptr(alive_)](boost::system::error_code error) {
        if (!error && !alive.expired()) {
            expire();
        }
    });
}

void ParkedCalls::expire() {
    const SteadyTime now = std::chrono::steady_clock::now();
    while (!order_.empty() && order_.front().until <= now) {
        const auto call = remove(order_.begin());
        call->upstream->cancel("the client did not come back with its answers");
    }
    if (!order_.empty()) {
        arm();
    }
}

void ParkedCalls::stop() {
    timer_.cancel();
    while (!order_.empty()) {
        const auto call = remove(order_.begin());
        call->upstream->cancel("the gateway is stopping");
    }
}

} // namespace gatehouse::gateway
