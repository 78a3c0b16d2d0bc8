#include "gateway/pipeline/notice_hub.hpp"

#include "gateway/mcp/client_facts.hpp"
#include "gateway/pipeline/dialogue_rules.hpp"
#include "gateway/virtual_server/exposed_items.hpp"
#include "runtime/session/json_scan.hpp"
#include "runtime/watched_task.hpp"

#include <algorithm>
#include <utility>

namespace gatehouse::gateway {

namespace {

using runtime::InstanceOwner;

constexpr auto notice_gather_time = std::chrono::milliseconds(50);
constexpr std::size_t pending_notices_max_count = 1024;
constexpr auto unsolicited_deadline = std::chrono::minutes(10);

constexpr std::string_view list_notices[] = {"notifications/tools/list_changed",
                                             "notifications/prompts/list_changed",
                                             "notifications/resources/list_changed"};
constexpr std::string_view resource_updated = "notifications/resources/updated";

bool exposes(const VirtualServer& server, const ConnectorName& connector) {
    const auto& exposed = server.config().connectors;
    return std::any_of(exposed.begin(), exposed.end(),
                       [&](const ExposedConnector& one) { return one.name == connector; });
}

bool may_see(const InstanceOwner& owner, const PrincipalId& principal, std::string_view session) {
    return (!owner.principal || *owner.principal == principal) &&
           (owner.session.empty() || owner.session == session);
}

bool wants_list(const NoticeFilter& filter, std::string_view method) {
    return (filter.tools && method == "notifications/tools/list_changed") ||
           (filter.prompts && method == "notifications/prompts/list_changed") ||
           (filter.resources && method == "notifications/resources/list_changed");
}

// A server may tell of a part of what was subscribed to.
bool is_about(std::string_view updated, std::string_view watched) {
    return updated.starts_with(watched) &&
           (updated.size() == watched.size() || watched.ends_with('/') ||
            updated[watched.size()] == '/');
}

std::string notice_text(std::string_view method, std::string_view params) {
    std::string text = R"({"jsonrpc":"2.0","method":")" + std::string(method) + "\"";
    if (!params.empty()) {
        text += ",\"params\":";
        text += params;
    }
    return text + "}";
}

std::string notice_member(std::string_view params, std::string_view key) {
    const auto raw = params.empty() ? std::nullopt : runtime::find_member(params, key);
    return raw ? runtime::string_value(*raw).value_or("") : std::string();
}

std::string_view needed_capability(std::string_view method) {
    if (method == "elicitation/create") {
        return "elicitation";
    }
    return method == "roots/list" ? "roots" : "sampling";
}

} // namespace

template <class Visit>
void NoticeHub::each_session(const ConnectorName& connector, const InstanceOwner& owner,
                             const Visit& visit) {
    sessions_.each([&](ClientSession& session) {
        const auto server = servers_.find(session.virtual_server.str());
        if (session.initialized && server != servers_.end() &&
            exposes(*server->second, connector) &&
            may_see(owner, session.principal, session.id.str())) {
            visit(session, *server->second);
        }
    });
}

template <class Visit>
void NoticeHub::each_listener(const ConnectorName& connector, const InstanceOwner& owner,
                              const Visit& visit) {
    subscriptions_.each([&](Listener& listener) {
        if (exposes(listener.request().server(), connector) &&
            may_see(owner, listener.request().principal().id(), {})) {
            visit(listener);
        }
    });
}

void NoticeHub::on_notice(const runtime::ConnectorNotice& notice) {
    const std::string_view method = notice.method;
    if (method.ends_with("/list_changed") || method == resource_updated) {
        gather(notice);
    } else if (method == "notifications/message") {
        tell_log(notice);
    } else if (method == "notifications/tasks/status") {
        tell_task_status(notice);
    } else if (method == "notifications/tasks") {
        tell_task(notice);
    } else if (method == "notifications/elicitation/complete") {
        tell_session(notice.owner, method, notice.params, MessageStream::Weight::must_arrive);
    }
}

void NoticeHub::gather(const runtime::ConnectorNotice& notice) {
    std::string uri =
        notice.method == resource_updated ? notice_member(notice.params, "uri") : std::string();
    Key key(notice.connector.str(),
            notice.owner.principal ? notice.owner.principal->str() : std::string(),
            notice.owner.session, std::string(notice.method), uri);
    if (!pending_.contains(key) && pending_.size() >= pending_notices_max_count) {
        flush();
    }
    pending_.insert_or_assign(std::move(key),
                              Pending{notice.connector, notice.owner, std::string(notice.method),
                                      std::move(uri), std::string(notice.params)});
    if (!std::exchange(armed_, true)) {
        timer_.expires_after(notice_gather_time);
        timer_.async_wait([this, alive = std::weak_ptr<bool>(alive_)](auto error) {
            if (!error && !alive.expired()) {
                armed_ = false;
                flush();
            }
        });
    }
}

void NoticeHub::flush() {
    for (const auto& [key, notice] : std::exchange(pending_, {})) {
        if (notice.method == resource_updated) {
            tell_updated(notice);
        } else {
            tell_list_changed(notice);
        }
    }
}

void NoticeHub::tell_list_changed(const Pending& notice) {
    each_session(notice.connector, notice.owner, [&](ClientSession& session, VirtualServer&) {
        session.standalone(executor_)->push_unless_waiting(notice_text(notice.method, {}));
    });
    each_listener(notice.connector, notice.owner, [&](Listener& listener) {
        if (wants_list(listener.filter(), notice.method)) {
            listener.tell(notice.method, "{}");
        }
    });
}

void NoticeHub::tell_lists_changed(const VirtualServer* server) {
    for (const std::string_view method : list_notices) {
        sessions_.each([&](ClientSession& session) {
            const bool concerned =
                server == nullptr || session.virtual_server == server->config().name;
            if (session.initialized && concerned) {
                session.standalone(executor_)->push_unless_waiting(notice_text(method, {}));
            }
        });
        subscriptions_.each([&](Listener& listener) {
            const bool concerned = server == nullptr || &listener.request().server() == server;
            if (concerned && wants_list(listener.filter(), method)) {
                listener.tell(method, "{}");
            }
        });
    }
}

bool NoticeHub::may_still_read(const PrincipalId& principal, const VirtualServer& server,
                               const Pending& notice) const {
    const VirtualServerConfig& config = server.config();
    const auto exposed =
        std::find_if(config.connectors.begin(), config.connectors.end(),
                     [&](const ExposedConnector& one) { return one.name == notice.connector; });
    return exposed != config.connectors.end() && is_selected(exposed->resources, notice.uri) &&
           policy_.may_ever_allow({principal.str(), config.name.str(), notice.connector.str(),
                                   notice.uri, "", PolicyKind::resource});
}

void NoticeHub::tell_updated(const Pending& notice) {
    const std::string& connector = notice.connector.str();
    each_session(
        notice.connector, notice.owner, [&](ClientSession& session, VirtualServer& server) {
            const bool watches = std::any_of(
                session.watched.begin(), session.watched.end(), [&](const auto& watched) {
                    return watched.first == connector && is_about(notice.uri, watched.second);
                });
            if (watches && may_still_read(session.principal, server, notice)) {
                session.standalone(executor_)->push_unless_waiting(
                    notice_text(notice.method, server.rewrite_uris(notice.connector, notice.params,
                                                                   *session.caller)));
            }
        });
    each_listener(notice.connector, notice.owner, [&](Listener& listener) {
        const bool watches = std::any_of(
            listener.watched().begin(), listener.watched().end(), [&](const auto& watched) {
                return watched.resource.connector == notice.connector &&
                       is_about(notice.uri, watched.resource.subject);
            });
        const RoutedRequest& request = listener.request();
        if (watches && may_still_read(request.principal().id(), request.server(), notice)) {
            listener.tell(notice.method, request.server().rewrite_uris(
                                             notice.connector, notice.params, listener.caller()));
        }
    });
}

void NoticeHub::tell_session(const InstanceOwner& owner, std::string_view method,
                             std::string_view params, MessageStream::Weight weight) {
    const auto session = owner.session.empty() ? nullptr : sessions_.peek(owner.session);
    if (session != nullptr && session->initialized &&
        may_see(owner, session->principal, session->id.str())) {
        session->standalone(executor_)->push(notice_text(method, params), weight);
    }
}

void NoticeHub::tell_log(const runtime::ConnectorNotice& notice) {
    const auto session = sessions_.peek(notice.owner.session);
    if (session != nullptr &&
        runtime::level_reaches(notice_member(notice.params, "level"), session->log_level)) {
        tell_session(notice.owner, notice.method, notice.params,
                     MessageStream::Weight::may_be_lost);
    }
}

// Whose task it is, its id says: no session of another member has one for it.
void NoticeHub::tell_task_status(const runtime::ConnectorNotice& notice) {
    each_session(notice.connector, notice.owner, [&](ClientSession& session, VirtualServer&) {
        const TaskOwner owner{session.principal, session.virtual_server};
        const auto params = session.protocol_version < "2025-11-25"
                                ? std::nullopt
                                : calls_.task_notice(owner, notice.connector, notice.params);
        if (params) {
            session.standalone(executor_)->push_unless_waiting(notice_text(notice.method, *params));
        }
    });
}

// A modern connector's task, whole. Those listen that named it, and it asks none of them what its
// client cannot answer.
void NoticeHub::tell_task(const runtime::ConnectorNotice& notice) {
    const std::string subject = runtime::watched_task(notice_member(notice.params, "taskId"));
    const auto requests = runtime::find_member(notice.params, "inputRequests");
    each_listener(notice.connector, notice.owner, [&](Listener& listener) {
        const bool watches =
            std::any_of(listener.tasks().begin(), listener.tasks().end(), [&](const auto& watched) {
                return watched.resource.connector == notice.connector &&
                       watched.resource.subject == subject;
            });
        if (!watches || (requests && input_problem(*requests, listener.caller().capabilities))) {
            return;
        }
        const TaskOwner owner{listener.request().principal().id(),
                              listener.request().server().config().name};
        if (const auto params = calls_.task_notice(owner, notice.connector, notice.params)) {
            listener.tell(notice.method, *params);
        }
    });
}

void NoticeHub::on_unsolicited_input(const ConnectorName&, const InstanceOwner& owner,
                                     std::shared_ptr<runtime::InputRequest> request) {
    const auto session = owner.session.empty() ? nullptr : sessions_.peek(owner.session);
    if (session == nullptr || !may_see(owner, session->principal, session->id.str()) ||
        !declares(*session->caller, needed_capability(request->method))) {
        request->refuse(R"({"code":-32601,"message":"the client does not answer this"})");
        return;
    }
    const auto stream = session->standalone(executor_);
    const auto deadline = std::make_shared<asio::steady_timer>(executor_, unsolicited_deadline);
    const auto on_answer = [request, deadline](std::string result, std::string error) {
        deadline->cancel();
        if (result.empty()) {
            request->refuse(std::move(error));
        } else {
            request->answer(std::move(result));
        }
    };
    // A client that does not listen would let the connector wait for nothing.
    const std::uint64_t id =
        stream->attached() ? session->ask(*stream, request->method, request->params, on_answer) : 0;
    if (id == 0) {
        request->refuse(R"({"code":-32603,"message":"the client cannot be asked now"})");
        return;
    }
    const auto take_back = [stream, id, weak = std::weak_ptr<ClientSession>(session)] {
        if (const auto alive = weak.lock()) {
            alive->withdraw(*stream, id);
        }
    };
    request->set_withdrawn_handler([take_back, deadline] {
        deadline->cancel();
        take_back();
    });
    deadline->async_wait([take_back, request](auto error) {
        if (!error && !request->settled()) {
            take_back();
            request->refuse(R"({"code":-32603,"message":"the client did not answer in time"})");
        }
    });
}

} // namespace gatehouse::gateway
