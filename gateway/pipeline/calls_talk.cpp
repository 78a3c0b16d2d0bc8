// What is said between the request and its answer, where both sides can say it: progress, logs, and
// the questions of a legacy connector to a legacy client.
#include "gateway/pipeline/calls.hpp"
#include "gateway/pipeline/dialogue_rules.hpp"
#include "runtime/session/json_scan.hpp"

#include <utility>

namespace gatehouse::gateway {

namespace {

// Whether the client of this request wants a log of that level.
bool wants_log(const McpCall& call, std::string_view level) {
    if (call.session != nullptr) {
        return runtime::level_reaches(level, call.session->log_level);
    }
    return !call.message().log_level.empty() &&
           runtime::level_reaches(level, call.message().log_level);
}

} // namespace

void Calls::listen_for_logs(const McpCall& call, runtime::ConnectorCall& upstream) {
    if (call.session == nullptr) {
        upstream.log_level = call.message().log_level;
        return;
    }
    upstream.log_level = call.session->log_level;
    // A legacy client that said nothing gets all; a modern connector sends nothing unasked.
    if (upstream.log_level.empty() && known_era(call) == Era::modern) {
        upstream.log_level = "debug";
    }
}

void Calls::listen(Walk& walk) {
    const McpCall& call = *walk.call;
    runtime::ConnectorCall& upstream = *walk.upstream;
    listen_for_logs(call, upstream);
    if (!call.message().progress_token.empty()) {
        upstream.on_progress = [said = &walk.dialogue](std::string_view params) {
            said->say(progress_message(said->call().message().progress_token, params));
        };
    }
    if (call.session != nullptr || !call.message().log_level.empty()) {
        upstream.on_log = [said = &walk.dialogue](std::string_view params) {
            if (wants_log(said->call(), log_level_in(params))) {
                said->say(log_message(params));
            }
        };
    }
    if (call.message().era == Era::modern) {
        // The client declared nothing that could be asked, or the method cannot wait for input:
        // else this would be a call that may be parked.
        upstream.on_input = [at = &walk](std::shared_ptr<runtime::InputRequest> request) {
            at->missing = missing_capability(request->method, request->params,
                                             at->call->caller().capabilities);
            if (at->missing) {
                at->upstream->cancel("it asks what the client cannot answer");
            } else {
                request->refuse(R"({"code":-32601,"message":"nothing can be asked here"})");
            }
        };
    } else if (call.session != nullptr && call.caller().answers_input) {
        upstream.on_input = [this, at = &walk](std::shared_ptr<runtime::InputRequest> request) {
            ask_client(*at, std::move(request));
        };
    }
}

// Byte by byte, but for the ids of tasks.
void Calls::ask_client(Walk& walk, std::shared_ptr<runtime::InputRequest> request) {
    const McpCall& call = *walk.call;
    const auto missing =
        missing_capability(request->method, request->params, call.caller().capabilities);
    if (missing) {
        request->refuse(missing->connector_error);
        return;
    }
    const std::string params = with_related_task(request->params, shown_task_ids(call));
    auto on_answer = [request, translate = upstream_task_ids(call)](std::string result,
                                                                    std::string error) {
        if (result.empty()) {
            request->refuse(std::move(error));
        } else {
            request->answer(with_related_task(result, translate));
        }
    };
    const std::shared_ptr<MessageStream> stream = walk.dialogue.stream();
    const std::uint64_t id =
        call.session->ask(*stream, request->method, params, std::move(on_answer));
    if (id == 0) {
        request->refuse(R"({"code":-32000,"message":"the client is asked too much at once"})");
        return;
    }
    request->set_withdrawn_handler(
        [session = std::weak_ptr(call.session), weak = std::weak_ptr(stream), id] {
            const auto alive = session.lock();
            const auto open = weak.lock();
            if (alive && open) {
                alive->withdraw(*open, id);
            }
        });
}

} // namespace gatehouse::gateway
