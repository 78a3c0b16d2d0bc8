#include "runtime/base/log.hpp"
#include "runtime/session/era_probe.hpp"
#include "runtime/session/failures.hpp"
#include "runtime/session/http_session_core.hpp"
#include "runtime/session/json_scan.hpp"
#include "runtime/session/json_text.hpp"
#include "runtime/session/own_call.hpp"
#include "runtime/session/request_text.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>

namespace gatehouse::runtime {

namespace {

constexpr std::size_t session_id_max_bytes = 1024;
constexpr std::size_t renewal_notes_max_count = 32;

bool is_usable_session_id(std::string_view id) {
    return id.size() <= session_id_max_bytes &&
           std::all_of(id.begin(), id.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

// A status or a body that a server without server/discover may give. A refused credential, a
// failing or an absent server says nothing about the era.
bool is_no_era_evidence(const CallReply& reply) {
    return reply.end == CallEnd::never_sent || reply.end == CallEnd::may_have_run
               ? reply.failure.code != "GH-D210" && reply.failure.code != "GH-M403"
               : reply.end == CallEnd::cancelled;
}

Error handshake_failure(const CallReply& reply, const std::string& doing) {
    Error failure = failures::failed_step(reply, doing);
    // Nobody called a tool yet: the words for a caller would mislead here.
    constexpr std::string_view for_callers = "; the call may have run";
    if (failure.what.ends_with(for_callers)) {
        failure.what.resize(failure.what.size() - for_callers.size());
    }
    return failure;
}

} // namespace

AskConnector HttpSessionCore::asker(Core core, SteadyTime until) {
    return [core = std::move(core), until](std::string method, std::string params) {
        return ask(core, std::move(method), std::move(params), until);
    };
}

Task<CallReply> HttpSessionCore::ask_in_handshake(Core core, std::string method, std::string params,
                                                  SteadyTime until) {
    auto call = own_call(std::move(method), std::move(params), until);
    return perform(std::move(core), std::move(call), HttpLane::handshake);
}

// server/discover, once more after an error that only modern servers give. Nothing: it is legacy.
Task<std::optional<Result<Catalogue>>> HttpSessionCore::probe(Core core, SteadyTime until,
                                                              SteadyTime patience) {
    using Verdict = std::optional<Result<Catalogue>>;
    core->era_ = Era::modern;
    auto probing = ask_in_handshake(core, "server/discover", "", patience);
    CallReply reply = co_await std::move(probing);
    if (judge_probe(reply) == Era::legacy) {
        if (is_no_era_evidence(reply)) {
            co_return Verdict(Result<Catalogue>(handshake_failure(reply, "server/discover")));
        }
        co_return Verdict();
    }
    if (reply.end == CallEnd::error) {
        auto again = ask_in_handshake(core, "server/discover", "", until);
        reply = co_await std::move(again);
    }
    if (reply.end == CallEnd::result) {
        co_return Verdict(Result<Catalogue>(read_discover_result(reply.body())));
    }
    if (reply.end == CallEnd::error) {
        co_return Verdict(Result<Catalogue>(assumed_modern_introduction()));
    }
    co_return Verdict(Result<Catalogue>(handshake_failure(reply, "server/discover")));
}

Task<Result<Catalogue>> HttpSessionCore::introduce(Core core, std::chrono::milliseconds startup) {
    const SteadyTime now = std::chrono::steady_clock::now();
    const SteadyTime until = now + startup;
    const std::optional<Era> known = core->options_.known_era;
    if (known != Era::legacy) {
        auto probing = probe(core, until, known ? until : now + probe_deadline(startup));
        std::optional<Result<Catalogue>> verdict = co_await std::move(probing);
        if (verdict) {
            co_return std::move(*verdict);
        }
    }
    auto initializing = initialize(core, until);
    Result<Catalogue> introduction = co_await std::move(initializing);
    co_return introduction;
}

Task<Result<Catalogue>> HttpSessionCore::initialize(Core core, SteadyTime until) {
    core->era_ = Era::legacy;
    core->session_id_.clear();
    core->protocol_version_.clear();
    core->offered_session_.clear();
    auto asking = ask_in_handshake(core, "initialize", initialize_params(core->options_), until);
    const CallReply reply = co_await std::move(asking);
    if (reply.end != CallEnd::result) {
        co_return handshake_failure(reply, "initialize");
    }
    Result<Catalogue> introduction = read_initialize_result(reply.body());
    if (!introduction) {
        co_return introduction;
    }
    if (!is_usable_session_id(core->offered_session_)) {
        co_return failures::wrong_answer("the connector's server gave an unusable session id",
                                         "it is too long, or holds other than visible ASCII");
    }
    core->session_id_ = core->offered_session_;
    core->protocol_version_ = introduction->protocol_version;
    std::string note;
    append_notification("notifications/initialized", "", note);
    note.pop_back();
    HttpClientRequest request = core->legacy_request("POST", std::move(note));
    request.head_until = until;
    auto telling = core->client_.request(std::move(request));
    HttpReply told = co_await std::move(telling);
    if (!told.exchange) {
        co_return std::move(told).failure;
    }
    if (told.exchange->status() >= 400) {
        co_return failures::wrong_answer("the connector's server refused notifications/initialized",
                                         "HTTP status " + std::to_string(told.exchange->status()));
    }
    core->release_exchange(std::move(told.exchange));
    co_return introduction;
}

void HttpSessionCore::note_introduction(const Catalogue& introduction) {
    introduction_ = introduction;
    era_ = introduction.era;
    abandoned_calls_ = false;
    log_severity_set_.reset();
    const auto logging = find_member(introduction.capabilities, "logging");
    takes_log_level_ = era_ == Era::legacy && logging && logging->front() == '{';
    // Before the lists are read, so that no change between is missed.
    if (era_ == Era::legacy) {
        start_get_stream();
        return;
    }
    listening_.set_announced(introduction);
    if (listening_.wanted()) {
        start_listening();
    }
}

Task<Result<Catalogue>> HttpSessionCore::handshake(Core core, std::chrono::milliseconds startup) {
    const SteadyTime until = std::chrono::steady_clock::now() + startup;
    auto introducing = introduce(core, startup);
    Result<Catalogue> introduction = co_await std::move(introducing);
    if (!introduction) {
        co_return introduction;
    }
    core->note_introduction(*introduction);
    auto reading = refresh_all(core, until);
    Result<Catalogue> catalogue = co_await std::move(reading);
    auto waiting = await_get_stream(core, until);
    co_await std::move(waiting);
    co_return catalogue;
}

Task<Result<Catalogue>> HttpSessionCore::refresh_all(Core core, SteadyTime until) {
    auto reading = read_all_lists(asker(core, until), core->introduction_,
                                  core->options_.catalogue_items_max_count);
    Result<Catalogue> catalogue = co_await std::move(reading);
    if (catalogue) {
        core->take_param_headers(catalogue->tools);
        core->catalogue_ = *catalogue;
    }
    co_return catalogue;
}

Task<Result<Catalogue>> HttpSessionCore::refresh_one(Core core, ListKind kind, SteadyTime until) {
    if (offers_list(core->introduction_, kind)) {
        auto reading =
            read_list(asker(core, until), kind, core->options_.catalogue_items_max_count);
        auto items = co_await std::move(reading);
        if (!items) {
            co_return std::move(items).error();
        }
        if (kind == ListKind::tools) {
            core->take_param_headers(items->items);
        }
        core->catalogue_.put(kind, std::move(*items));
    }
    co_return core->catalogue_;
}

// Notes which parameters go into headers, and leaves out the tools whose annotations are invalid.
void HttpSessionCore::take_param_headers(std::vector<CatalogueItem>& tools) {
    param_headers_.clear();
    if (era_ == Era::legacy) {
        return;
    }
    const auto is_invalid = [this](const CatalogueItem& tool) {
        Result<std::vector<ParamHeader>> headers = read_param_headers(tool.definition);
        if (!headers) {
            std::string shown;
            append_quoted(tool.name.substr(0, 128), shown);
            log_warn("GH-M403 the tool " + shown + " is left out: " + headers.error().why);
            return true;
        }
        if (!headers->empty()) {
            param_headers_.emplace(tool.name, std::move(*headers));
        }
        return false;
    };
    std::erase_if(tools, is_invalid);
}

// The server does not know the session any more: a new one is begun, once for all that noticed.
Task<Result<void>> HttpSessionCore::renew_session(Core core, HttpCall& noticed) {
    const SteadyTime until = noticed.deadline;
    if (core->renewing_) {
        auto waiting = await_renewal(core, noticed.limit, until);
        co_await std::move(waiting);
    }
    if (core->session_id_ != noticed.session || core->end_reason_ || noticed.done) {
        co_return Result<void>();
    }
    struct Renewing {
        explicit Renewing(Core owner) : core(std::move(owner)) { core->renewing_ = true; }
        ~Renewing() { core->renewal_ended(); }
        Core core;
    };
    const Renewing renewing(core);
    log_info("an HTTP connector's server ended the session; a new one is begun");
    auto initializing = initialize(core, until);
    const Result<Catalogue> introduction = co_await std::move(initializing);
    if (!introduction) {
        co_return introduction.error();
    }
    core->note_introduction(*introduction);
    // What the lost session was told must be told to the new one.
    std::size_t notes_count = 0;
    for (const std::string& uri : core->subscribed_) {
        if (++notes_count > renewal_notes_max_count) {
            break;
        }
        RequestText text;
        std::string params = "{\"uri\":";
        append_quoted(uri, params);
        params.push_back('}');
        text.id = core->next_id_++;
        text.method = "resources/subscribe";
        text.params = params;
        std::string body;
        append_request(text, body);
        core->in_background("resources/subscribe", post_note(core, std::move(body)));
    }
    auto waiting = await_get_stream(core, until);
    co_await std::move(waiting);
    co_return Result<void>();
}

// Ends also when the limit is cut, so that a call given up meanwhile does not wait.
Task<void> HttpSessionCore::await_renewal(Core core, std::shared_ptr<WaitLimit> limit,
                                          SteadyTime until) {
    auto timer = std::make_shared<asio::steady_timer>(core->executor_, until);
    const std::weak_ptr<asio::steady_timer> weak = timer;
    core->renewal_waiters_.push_back(weak);
    limit->set_interrupt([weak] {
        if (const auto alive = weak.lock()) {
            alive->cancel();
        }
    });
    if (limit->cut() == WaitCut::none && !core->end_reason_) {
        boost::system::error_code ignored;
        auto token = asio::redirect_error(asio::use_awaitable, ignored);
        co_await timer->async_wait(token);
    }
    limit->set_interrupt(nullptr);
}

void HttpSessionCore::renewal_ended() {
    renewing_ = false;
    for (const auto& weak : std::exchange(renewal_waiters_, {})) {
        if (const auto timer = weak.lock()) {
            timer->cancel();
        }
    }
}

Task<bool> HttpSessionCore::ping(Core core, SteadyTime until) {
    const bool modern = core->era_ == Era::modern;
    auto asking = ask(std::move(core), modern ? "server/discover" : "ping", "", until);
    const CallReply reply = co_await std::move(asking);
    // An error is an answer too: some connectors do not know ping, and are alive.
    co_return reply.end == CallEnd::result || reply.end == CallEnd::error;
}

} // namespace gatehouse::runtime
