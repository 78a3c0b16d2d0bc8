#include "gateway/pipeline/subscriptions.hpp"

#include "gateway/pipeline/dialogue_rules.hpp"
#include "runtime/base/json.hpp"
#include "runtime/session/json_scan.hpp"
#include "runtime/session/request_meta.hpp"

#include <algorithm>
#include <utility>

namespace gatehouse::gateway {

namespace {

constexpr std::size_t listeners_max_count = 1024;
constexpr std::size_t listeners_of_one_max_count = 64;
constexpr std::size_t listened_things_max_count = 64;
constexpr std::size_t listen_body_max_bytes = 64 * 1024;
constexpr std::size_t early_notices_max_count = 64;
constexpr auto listen_learn_deadline = std::chrono::seconds(60);

bool is_true(std::string_view object, std::string_view pointer) {
    return runtime::find_pointer(object, pointer) == "true";
}

// The kinds of notices that this virtual server has for this client.
NoticeFilter offered_kinds(const VirtualServer& server, const runtime::Caller& caller) {
    const std::string capabilities = server.capabilities(Era::modern, caller);
    NoticeFilter offered;
    offered.tools = is_true(capabilities, "/tools/listChanged");
    offered.prompts = is_true(capabilities, "/prompts/listChanged");
    offered.resources = is_true(capabilities, "/resources/listChanged");
    return offered;
}

std::string subscription_meta(const Exchange& exchange) {
    return "\"" + std::string(meta_subscription_id) +
           "\":" + std::string(exchange.message.reply_id());
}

std::string quoted_names(const std::vector<Listener::WatchedUri>& watched) {
    std::string names;
    for (const Listener::WatchedUri& one : watched) {
        names += (names.empty() ? "" : ",") + json_quote(one.uri);
    }
    return names;
}

std::string honoured_text(const Listener& listener) {
    std::string text;
    const auto add = [&](bool wanted, std::string_view member) {
        if (wanted) {
            text += text.empty() ? "" : ",";
            text += member;
        }
    };
    add(listener.filter().tools, "\"toolsListChanged\":true");
    add(listener.filter().prompts, "\"promptsListChanged\":true");
    add(listener.filter().resources, "\"resourcesListChanged\":true");
    add(!listener.watched().empty(),
        "\"resourceSubscriptions\":[" + quoted_names(listener.watched()) + "]");
    add(!listener.tasks().empty(), "\"taskIds\":[" + quoted_names(listener.tasks()) + "]");
    return "{" + text + "}";
}

// The strings of an array in the filter, each once; a text says why it is refused.
std::optional<std::string> read_names(std::string_view filter, std::string_view member,
                                      std::vector<std::string>& names) {
    const auto raw = runtime::find_member(filter, member);
    if (!raw) {
        return std::nullopt;
    }
    const auto items = runtime::array_elements(*raw);
    if (!items || items->size() > listened_things_max_count) {
        return std::string(member) + " is not an array of at most 64";
    }
    for (const std::string_view item : *items) {
        auto name = runtime::string_value(item);
        if (!name) {
            return std::string(member) + " holds something that is not a string";
        }
        if (std::find(names.begin(), names.end(), *name) == names.end()) {
            names.push_back(std::move(*name));
        }
    }
    return std::nullopt;
}

} // namespace

std::variant<NoticeFilter, std::string> read_notice_filter(std::string_view params) {
    const auto wanted =
        params.empty() ? std::nullopt : runtime::find_member(params, "notifications");
    if (!wanted || !wanted->starts_with('{')) {
        return "params.notifications is not an object";
    }
    NoticeFilter filter;
    filter.tools = is_true(*wanted, "/toolsListChanged");
    filter.prompts = is_true(*wanted, "/promptsListChanged");
    filter.resources = is_true(*wanted, "/resourcesListChanged");
    auto problem = read_names(*wanted, "resourceSubscriptions", filter.uris);
    if (!problem) {
        problem = read_names(*wanted, "taskIds", filter.tasks);
    }
    if (problem) {
        return std::move(*problem);
    }
    return filter;
}

std::string Listener::message(std::string_view method, std::string_view params) const {
    std::string text = "{\"jsonrpc\":\"2.0\",\"method\":\"";
    text += method;
    text += "\",\"params\":";
    runtime::append_params_with_meta(params, subscription_meta(*exchange_), text);
    return text + "}";
}

void Listener::tell(std::string_view method, std::string_view params) {
    std::string text = message(method, params);
    if (acknowledged_) {
        stream_->push_unless_waiting(std::move(text));
    } else if (early_.size() < early_notices_max_count) {
        early_.push_back(std::move(text));
    }
}

void Listener::acknowledge() {
    acknowledged_ = true;
    stream_->push(message("notifications/subscriptions/acknowledged",
                          "{\"notifications\":" + honoured_text(*this) + "}"),
                  MessageStream::Weight::must_arrive);
    for (std::string& text : std::exchange(early_, {})) {
        stream_->push_unless_waiting(std::move(text));
    }
}

// The result that says: it ended because the server wanted it so.
void Listener::end() {
    if (std::exchange(ended_, true)) {
        return;
    }
    std::string result = R"({"resultType":"complete","_meta":{)" + subscription_meta(*exchange_) +
                         ",\"" + std::string(meta_server_info) +
                         "\":" + request().server().server_info() + "}}";
    stream_->push_last(result_reply(exchange_->message.reply_id(), std::move(result)));
}

// On the list for as long as the coroutine lives, however that ends.
class Subscriptions::Entry {
  public:
    Entry(Subscriptions& owner, Listener listener)
        : owner_(owner),
          position_(owner.listeners_.insert(owner.listeners_.end(), std::move(listener))) {}
    ~Entry() {
        Listener ended = std::move(*position_);
        owner_.listeners_.erase(position_);
        owner_.unwatch_all(ended);
    }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    Listener& operator*() { return *position_; }

  private:
    Subscriptions& owner_;
    std::list<Listener>::iterator position_;
};

Task<void> Subscriptions::answer(std::shared_ptr<const Exchange> exchange,
                                 HttpResponder& responder) {
    auto refusal = check(*exchange);
    auto filter = read_notice_filter(exchange->message.envelope.params);
    if (const auto* const why = std::get_if<std::string>(&filter); why != nullptr && !refusal) {
        refusal = McpRefusal{200, rpc_invalid_params, *why, ""};
    }
    const auto* const wanted = std::get_if<NoticeFilter>(&filter);
    if (!refusal && !wanted->tasks.empty() &&
        !declares_extension(exchange->caller->capabilities, tasks_extension)) {
        refusal = missing_extension(tasks_extension);
    }
    if (refusal) {
        return responder.send(refusal_reply(exchange->message.reply_id(), *refusal));
    }
    return listen(std::move(exchange), std::get<NoticeFilter>(std::move(filter)), responder);
}

std::optional<McpRefusal> Subscriptions::check(const Exchange& exchange) const {
    if (exchange.http.body.size() > listen_body_max_bytes) {
        return McpRefusal{200, rpc_invalid_params, "a subscription is longer than 64 KiB", ""};
    }
    if (stopped_) {
        return McpRefusal{503, rpc_connector_failed, "the gateway is stopping. Try again later",
                          ""};
    }
    const PrincipalId& who = exchange.routed->principal().id();
    const auto same = [&](const Listener& one) { return one.request().principal().id() == who; };
    const auto own = std::count_if(listeners_.begin(), listeners_.end(), same);
    const bool too_many_own = own >= static_cast<std::ptrdiff_t>(listeners_of_one_max_count);
    if (too_many_own || listeners_.size() >= listeners_max_count) {
        const Error full{"GH-R713", "too many subscriptions are open", who.str(),
                         too_many_own ? "one client may have 64 at a time"
                                      : "all clients of this gateway together have 1024",
                         "Close subscriptions/listen streams that are not needed, or try again "
                         "later"};
        return McpRefusal{503, rpc_connector_failed, to_text(full), R"({"code":"GH-R713"})"};
    }
    return std::nullopt;
}

Task<void> Subscriptions::listen(std::shared_ptr<const Exchange> exchange, NoticeFilter wanted,
                                 HttpResponder& responder) {
    const auto stream = std::make_shared<MessageStream>(executor_, MessageStreamOptions());
    std::function<void()> gone = [stream] { stream->close(); };
    responder.on_disconnect(std::move(gone));
    Entry entry(*this, Listener(exchange, stream));
    Listener& listener = *entry;
    VirtualServer& server = exchange->routed->server();
    auto learning = server.learn_all(listen_learn_deadline);
    co_await std::move(learning);
    const NoticeFilter offered = offered_kinds(server, *exchange->caller);
    listener.filter_.tools = wanted.tools && offered.tools;
    listener.filter_.prompts = wanted.prompts && offered.prompts;
    listener.filter_.resources = wanted.resources && offered.resources;
    auto watching = watch_all(listener, std::move(wanted));
    co_await std::move(watching);
    listener.acknowledge();
    if (stopped_ || listener.refused_) {
        listener.end();
    }
    auto serving = MessageStream::serve(stream, responder, 0);
    co_await std::move(serving);
}

// Those that are denied, hidden or unknown are not in the acknowledgement.
Task<void> Subscriptions::watch_all(Listener& listener, NoticeFilter wanted) {
    const std::size_t uris_count = wanted.uris.size();
    for (std::size_t i = 0; i < uris_count + wanted.tasks.size(); ++i) {
        if (listener.stream_->ended()) {
            co_return;
        }
        const bool by_uri = i < uris_count;
        std::string name = by_uri ? wanted.uris[i] : wanted.tasks[i - uris_count];
        auto watching = by_uri ? calls_.watch(listener.exchange_, name)
                               : calls_.watch_task(listener.exchange_, name);
        auto watched = co_await std::move(watching);
        if (watched) {
            auto& kept = by_uri ? listener.watched_ : listener.tasks_;
            kept.push_back(Listener::WatchedUri{std::move(name), std::move(*watched)});
        }
    }
}

void Subscriptions::unwatch_all(const Listener& listener) {
    for (const auto* const kept : {&listener.watched(), &listener.tasks()}) {
        for (const Listener::WatchedUri& one : *kept) {
            calls_.unwatch(listener.caller(), one.resource);
        }
    }
}

void Subscriptions::each(const std::function<void(Listener&)>& visit) {
    for (Listener& listener : listeners_) {
        visit(listener);
    }
}

void Subscriptions::end_some(const std::function<bool(const Listener&)>& ends) {
    for (Listener& listener : listeners_) {
        if (ends(listener)) {
            listener.refused_ = true;
            if (listener.acknowledged_) {
                listener.end();
            }
        }
    }
}

void Subscriptions::stop() {
    stopped_ = true;
    end_some([](const Listener&) { return true; });
}

} // namespace gatehouse::gateway
