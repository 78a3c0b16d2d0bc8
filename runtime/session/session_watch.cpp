// Subscriptions: resources/subscribe of a legacy connector, subscriptions/listen of a modern one;
// and what else a connector is told without waiting for an answer.
#include "runtime/base/log.hpp"
#include "runtime/session/failures.hpp"
#include "runtime/session/json_scan.hpp"
#include "runtime/session/json_text.hpp"
#include "runtime/session/log_level.hpp"
#include "runtime/session/request_meta.hpp"
#include "runtime/session/request_text.hpp"
#include "runtime/session/session_core.hpp"

namespace gatehouse::runtime {

namespace {

// A connector that ends a stream sooner than this is not asked for another one by itself, so that
// two programs do not keep each other busy.
constexpr std::chrono::seconds stream_life_min{5};

std::string uri_params(const std::string& uri) {
    std::string params = "{\"uri\":";
    append_quoted(uri, params);
    params.push_back('}');
    return params;
}

CallReply refused_watch(CallReply reply, std::string_view message) {
    reply.end = CallEnd::error;
    reply.frame = R"({"code":-32602,"message":)";
    append_quoted(message, reply.frame);
    reply.frame.push_back('}');
    reply.body_offset = 0;
    reply.body_length = reply.frame.size();
    return reply;
}

} // namespace

Task<CallReply> SessionCore::watch(std::shared_ptr<SessionCore> core, std::string uri,
                                   std::chrono::milliseconds deadline) {
    if (core->era_ == Era::modern) {
        return watch_modern(std::move(core), std::move(uri), deadline);
    }
    auto call = std::make_shared<ConnectorCall>();
    call->method = "resources/subscribe";
    call->params = uri_params(uri);
    call->deadline = deadline;
    return perform(std::move(core), std::move(call), Lane::watch);
}

Task<CallReply> SessionCore::watch_modern(std::shared_ptr<SessionCore> core, std::string uri,
                                          std::chrono::milliseconds deadline) {
    if (!core->listening_.watch(uri)) {
        co_return refused_watch(CallReply(), "too many resources are watched");
    }
    auto call = std::make_shared<ConnectorCall>();
    call->method = "subscriptions/listen";
    call->params = core->listening_.params();
    call->deadline = deadline;
    auto listening = perform(core, std::move(call), Lane::listen);
    CallReply reply = co_await std::move(listening);
    if (reply.end == CallEnd::result) {
        // The body is the filter that the connector acknowledged; none: all of it.
        if (reply.body() == "{}" || filter_names(reply.body(), uri)) {
            reply.frame = "{}";
            reply.body_offset = 0;
            reply.body_length = reply.frame.size();
            co_return reply;
        }
        reply = refused_watch(std::move(reply), "the connector does not tell of this resource");
    }
    core->listening_.unwatch(uri);
    co_return reply;
}

void SessionCore::unwatch(const std::string& uri) {
    if (era_ == Era::modern) {
        listening_.unwatch(uri);
        if (listening_.wanted()) {
            listen_again();
        } else {
            stop_listening();
        }
        return;
    }
    ConnectorCall call;
    call.method = "resources/unsubscribe";
    call.params = uri_params(uri);
    ignore_answer(send_unawaited(call));
}

// Opens a stream for what is wanted now. The older one is cancelled when this one is acknowledged.
void SessionCore::listen_again() {
    ConnectorCall call;
    call.method = "subscriptions/listen";
    call.params = listening_.params();
    if (const std::uint64_t id = send_unawaited(call)) {
        listening_.opened(id, std::chrono::steady_clock::now());
    }
}

void SessionCore::stop_listening() {
    for (const std::uint64_t id : listening_.close_all()) {
        ignore_answer(id);
        tell_cancelled(id, "nothing is watched any more");
    }
}

void SessionCore::accept_acknowledged(std::string_view params) {
    const auto meta = find_member(params, "_meta");
    const auto raw_id = meta ? find_member(*meta, meta_keys::subscription_id) : std::nullopt;
    const auto id = raw_id ? upstream_id_of(*raw_id) : std::nullopt;
    if (!id || !listening_.knows(*id)) {
        return;
    }
    for (const std::uint64_t replaced : listening_.acknowledged(*id)) {
        finish_listen(replaced, params);
        ignore_answer(replaced);
        tell_cancelled(replaced, "replaced by a newer subscription");
    }
    finish_listen(*id, params);
}

// Whoever waits for this stream's acknowledgement gets the filter.
void SessionCore::finish_listen(std::uint64_t id, std::string_view params) {
    PendingCall* const pending = in_flight_.find(std::to_string(id));
    if (pending == nullptr) {
        return;
    }
    CallReply& reply = pending->reply;
    reply.frame = find_member(params, "notifications").value_or("{}");
    reply.body_offset = 0;
    reply.body_length = reply.frame.size();
    finish(*pending, CallEnd::result, Error());
}

// True if it was a stream that was open.
bool SessionCore::stream_ended(std::uint64_t id) {
    const auto since = listening_.closed(id);
    if (!since) {
        return false;
    }
    if (end_reason_ || listening_.any_open() || !listening_.wanted()) {
        return true;
    }
    if (std::chrono::steady_clock::now() - *since >= stream_life_min) {
        listen_again();
    } else {
        log_warn("a connector ended its notification stream at once; changes of its lists and "
                 "resources are not seen");
    }
    return true;
}

// Notifications of a stream that was replaced or cancelled may still be on their way.
bool SessionCore::from_dead_stream(std::string_view params) const {
    if (era_ == Era::legacy) {
        return false;
    }
    const auto meta = find_member(params, "_meta");
    const auto raw_id = meta ? find_member(*meta, meta_keys::subscription_id) : std::nullopt;
    if (!raw_id) {
        return false;
    }
    const auto id = upstream_id_of(*raw_id);
    return !id || !listening_.knows(*id);
}

void SessionCore::tell_roots_changed() {
    const bool declared =
        find_pointer(options_.client_capabilities, "/roots/listChanged") == "true";
    if (era_ == Era::legacy && declared && !introduction_.protocol_version.empty() &&
        !output_->closed()) {
        append_notification("notifications/roots/list_changed", "", output_->buffer());
        output_->flush_soon();
    }
}

// The connector has one level for all it says, so it only ever gets more verbose.
void SessionCore::want_log_level(const ConnectorCall& call) {
    const auto severity = severity_of(call.log_level);
    const bool known = log_severity_set_ && severity && *log_severity_set_ <= *severity;
    if (!takes_log_level_ || !severity || known) {
        return;
    }
    ConnectorCall setting;
    setting.method = "logging/setLevel";
    setting.params = "{\"level\":\"" + call.log_level + "\"}";
    if (const std::uint64_t id = send_unawaited(setting)) {
        ignore_answer(id);
        log_severity_set_ = severity;
    }
}

} // namespace gatehouse::runtime
