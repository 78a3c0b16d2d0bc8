#include "runtime/session/era_probe.hpp"
#include "runtime/session/failures.hpp"
#include "runtime/session/json_scan.hpp"
#include "runtime/session/own_call.hpp"
#include "runtime/session/request_text.hpp"
#include "runtime/session/session_core.hpp"

#include <algorithm>

namespace gatehouse::runtime {

namespace {

Catalogue modern_introduction(const CallReply& reply) {
    return reply.end == CallEnd::result ? read_discover_result(reply.body())
                                        : assumed_modern_introduction();
}

} // namespace

Task<CallReply> SessionCore::ask(std::shared_ptr<SessionCore> core, std::string method,
                                 std::string params, SteadyTime until) {
    auto call = own_call(std::move(method), std::move(params), until);
    return perform(std::move(core), std::move(call), Lane::direct);
}

AskConnector SessionCore::asker(std::shared_ptr<SessionCore> core, SteadyTime until) {
    return [core = std::move(core), until](std::string method, std::string params) {
        return ask(core, std::move(method), std::move(params), until);
    };
}

Task<CallReply> SessionCore::discover(std::shared_ptr<SessionCore> core, SteadyTime until) {
    core->era_ = Era::modern;
    return perform(std::move(core), own_call("server/discover", "", until), Lane::probe);
}

// Whether the reply tells that the connector ended, and not because it was stopped.
bool SessionCore::ended_by_itself(const CallReply& reply) const {
    const bool no_answer = reply.end == CallEnd::may_have_run || reply.end == CallEnd::never_sent;
    return no_answer && reply.failure.code == "GH-P301" && !stopped_;
}

Task<Result<Catalogue>> SessionCore::introduce(std::shared_ptr<SessionCore> core,
                                               std::chrono::milliseconds startup) {
    const SteadyTime now = std::chrono::steady_clock::now();
    const SteadyTime until = now + startup;
    const std::optional<Era> known = core->options_.known_era;
    bool silent = false;
    if (known != Era::legacy) {
        auto probing = discover(core, known ? until : now + probe_deadline(startup));
        const CallReply reply = co_await std::move(probing);
        if (judge_probe(reply) == Era::modern) {
            co_return modern_introduction(reply);
        }
        if (core->ended_by_itself(reply) && !known) {
            co_return failures::ended_on_probe();
        }
        silent = reply.end == CallEnd::timed_out;
        if (core->end_reason_ || reply.end == CallEnd::cancelled || (silent && known)) {
            co_return failures::failed_step(reply, "server/discover");
        }
    }
    auto initializing = initialize(core, until);
    auto introduction = co_await std::move(initializing);
    const bool ended = !introduction && introduction.error().code == "GH-P301";
    if (ended && !known && !core->stopped_) {
        // One that was still starting when it was probed ends only now.
        co_return failures::ended_on_probe();
    }
    const bool refused = !introduction && introduction.error().code == "GH-M403";
    if (refused && silent) {
        // A modern connector that was still starting: it knows no initialize.
        auto probing = discover(core, until);
        const CallReply reply = co_await std::move(probing);
        if (judge_probe(reply) == Era::modern) {
            co_return modern_introduction(reply);
        }
    }
    co_return introduction;
}

Task<Result<Catalogue>> SessionCore::initialize(std::shared_ptr<SessionCore> core,
                                                SteadyTime until) {
    core->era_ = Era::legacy;
    auto asking = ask(core, "initialize", initialize_params(core->options_), until);
    const CallReply reply = co_await std::move(asking);
    if (reply.end != CallEnd::result) {
        co_return failures::failed_step(reply, "initialize");
    }
    auto introduction = read_initialize_result(reply.body());
    if (introduction && !core->output_->closed()) {
        append_notification("notifications/initialized", "", core->output_->buffer());
        core->output_->flush_soon();
    }
    co_return introduction;
}

void SessionCore::note_introduction(const Catalogue& introduction) {
    introduction_ = introduction;
    era_ = introduction.era;
    const auto logging = find_member(introduction.capabilities, "logging");
    takes_log_level_ = era_ == Era::legacy && logging && logging->front() == '{';
    if (era_ == Era::modern) {
        listening_.set_announced(introduction);
        // Before the lists are read, so that no change between is missed.
        if (listening_.wanted()) {
            listen_again();
        }
    }
}

Task<Result<Catalogue>> SessionCore::handshake(std::shared_ptr<SessionCore> core,
                                               std::chrono::milliseconds startup) {
    const SteadyTime until = std::chrono::steady_clock::now() + startup;
    auto introducing = introduce(core, startup);
    auto introduction = co_await std::move(introducing);
    if (!introduction && core->ended_for_violation()) {
        co_return *core->end_reason_;
    }
    if (!introduction) {
        co_return std::move(introduction).error();
    }
    core->note_introduction(*introduction);
    auto reading = refresh_all(core, until);
    auto catalogue = co_await std::move(reading);
    if (!catalogue && core->ended_for_violation()) {
        co_return *core->end_reason_;
    }
    co_return catalogue;
}

Task<Result<Catalogue>> SessionCore::refresh_all(std::shared_ptr<SessionCore> core,
                                                 SteadyTime until) {
    auto reading = read_all_lists(asker(core, until), core->introduction_,
                                  core->options_.catalogue_items_max_count);
    auto catalogue = co_await std::move(reading);
    if (catalogue) {
        core->catalogue_ = *catalogue;
    }
    co_return catalogue;
}

Task<Result<Catalogue>> SessionCore::refresh_one(std::shared_ptr<SessionCore> core, ListKind kind,
                                                 SteadyTime until) {
    if (offers_list(core->introduction_, kind)) {
        auto reading =
            read_list(asker(core, until), kind, core->options_.catalogue_items_max_count);
        auto items = co_await std::move(reading);
        if (!items) {
            co_return std::move(items).error();
        }
        core->catalogue_.put(kind, std::move(*items));
    }
    co_return core->catalogue_;
}

Task<bool> SessionCore::ping(std::shared_ptr<SessionCore> core, SteadyTime until) {
    const bool modern = core->era_ == Era::modern;
    auto asking = ask(std::move(core), modern ? "server/discover" : "ping", "", until);
    const CallReply reply = co_await std::move(asking);
    // An error is an answer too: some connectors do not know ping, and are alive.
    co_return reply.end == CallEnd::result || reply.end == CallEnd::error;
}

} // namespace gatehouse::runtime
