// A modern connector that needs input of a legacy client: its questions become real requests on the
// answer's stream, and the connector is called again with what the client says, until it has
// enough. Each round is a call of its own: policy decides anew, and the journal has each.
#include "gateway/pipeline/calls.hpp"
#include "gateway/pipeline/dialogue_rules.hpp"
#include "runtime/base/json.hpp"
#include "runtime/base/units.hpp"
#include "runtime/session/json_scan.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <utility>

namespace gatehouse::gateway {

namespace {

constexpr std::size_t round_questions_max_count = 16;
// A connector that asks for nothing but patience gets a little, and more with every round.
constexpr std::chrono::milliseconds first_pause{100};
constexpr std::chrono::milliseconds longest_pause{5'000};

Error input_failure(std::string why) {
    return Error{"GH-M433", "the connector needs input that the client did not give", "",
                 std::move(why), "Call again, and answer what is asked"};
}

std::string member_text(std::string_view object, std::string_view key) {
    const auto raw = runtime::find_member(object, key);
    return raw ? runtime::string_value(*raw).value_or("") : "";
}

} // namespace

// The questions of one round. The answers' handlers keep it alive, whatever became of the round.
struct Calls::Questions {
    explicit Questions(const Executor& executor) : wake(executor) {}
    std::string answers; // the inside of inputResponses
    std::size_t open_count = 0;
    std::optional<Error> failure;
    asio::steady_timer wake;

    void take(const std::string& key, const std::string& method, std::string result,
              const std::string& error) {
        --open_count;
        // An answer can only be a result there; an elicitation has a word for it.
        if (result.empty() && method == "elicitation/create") {
            result = R"({"action":"cancel"})";
        }
        if (result.empty()) {
            failure = input_failure("the client answered " + method + " with an error: " +
                                    member_text(error, "message").substr(0, 512));
        } else {
            answers += answers.empty() ? "" : ",";
            answers += json_quote(key) + ":" + result;
        }
        wake.cancel();
    }
    Task<void> wait_until(SteadyTime until) {
        wake.expires_at(until);
        boost::system::error_code woken;
        auto token = asio::redirect_error(asio::use_awaitable, woken);
        co_await wake.async_wait(token);
    }
};

// Asks what it can; an error if the client cannot be asked all of it.
std::optional<Error> Calls::ask_all(Walk& walk, std::string_view requests,
                                    const std::shared_ptr<Questions>& questions) {
    const McpCall& call = *walk.call;
    const auto asked = runtime::object_members(requests);
    if (!asked || asked->size() > round_questions_max_count) {
        return input_failure("it asks in a form that is not understood, or too much at once");
    }
    for (const runtime::JsonMember& one : *asked) {
        const auto key = runtime::string_value("\"" + std::string(one.key) + "\"");
        const std::string method = member_text(one.value, "method");
        const std::string_view params = runtime::find_member(one.value, "params").value_or("{}");
        if (const auto missing = missing_capability(method, params, call.caller().capabilities)) {
            return input_failure("the client does not support " + missing->name);
        }
        auto take = [questions, key = key.value_or(""), method](std::string result,
                                                                std::string error) {
            questions->take(key, method, std::move(result), error);
        };
        ++questions->open_count;
        const std::shared_ptr<MessageStream> stream = walk.dialogue.stream();
        const std::uint64_t id = call.session->ask(*stream, method, params, std::move(take));
        if (id == 0) {
            --questions->open_count;
            return input_failure("the client is asked too much at once");
        }
        walk.asked_ids.push_back(id);
    }
    return std::nullopt;
}

Task<HttpReply> Calls::ask_and_repeat(Walk& walk, runtime::CallReply reply) {
    const SharedCall before = walk.call;
    const SteadyTime now = std::chrono::steady_clock::now();
    if (walk.rounds_count == 0) {
        walk.input_until = now + services_.dialogue.input_max;
    }
    ++walk.rounds_count;
    auto questions = std::make_shared<Questions>(executor_);
    // The next call stands for the request from now on, so that the client can cancel it.
    const std::shared_ptr<const McpCall> next = before->again(CallId{++last_call_});
    walk.upstream = std::make_shared<runtime::ConnectorCall>();
    walk.call = next;
    walk.upstream->set_cancel_handler([asking = std::weak_ptr(questions)] {
        if (const auto alive = asking.lock()) {
            alive->wake.cancel();
        }
    });
    register_call(*next, walk.upstream);
    walk.asked_ids.clear();
    const auto requests = runtime::find_member(reply.body(), "inputRequests");
    std::optional<Error> failure;
    if (walk.rounds_count > services_.dialogue.rounds_max) {
        failure = input_failure("it asked in " + std::to_string(walk.rounds_count - 1) +
                                " rounds and is not satisfied");
    } else if (requests) {
        failure = ask_all(walk, *requests, questions);
    }
    SteadyTime until = walk.input_until;
    if (!requests) {
        const auto pause = first_pause * (1 << std::min(walk.rounds_count - 1, 6));
        until = std::min<SteadyTime>(until, now + std::min(pause, longest_pause));
    }
    const auto waits = [&] {
        return !failure && !questions->failure && !walk.upstream->cancelled() &&
               (questions->open_count > 0 || !requests) && std::chrono::steady_clock::now() < until;
    };
    while (waits()) {
        co_await questions->wait_until(until);
    }
    if (!failure) {
        failure = questions->failure;
    }
    if (!failure && walk.upstream->cancelled()) {
        failure = Error{"GH-R704", "the call was cancelled by its caller", "",
                        *walk.upstream->cancelled(), ""};
    }
    if (!failure && questions->open_count > 0) {
        failure = input_failure("the client did not answer within " +
                                duration_text(services_.dialogue.input_max));
    }
    walk.upstream->set_cancel_handler(nullptr);
    if (failure) {
        withdraw_questions(walk);
        forget_call(*next);
        runtime::CallReply failed;
        failed.failure = std::move(*failure);
        co_return answer_of(walk, std::move(failed));
    }
    walk.round.responses = requests ? "{" + questions->answers + "}" : "";
    walk.round.state = runtime::find_member(reply.body(), "requestState").value_or("");
    auto repeating = run(walk);
    HttpReply answer = co_await std::move(repeating);
    co_return answer;
}

// Those that are answered already are no longer open: nothing is said of them.
void Calls::withdraw_questions(Walk& walk) {
    for (const std::uint64_t id : walk.asked_ids) {
        walk.call->session->withdraw(*walk.dialogue.stream(), id);
    }
    walk.asked_ids.clear();
}

} // namespace gatehouse::gateway
