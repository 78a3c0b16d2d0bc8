// Subscriptions: the subscriptions/listen streams of modern clients (MCP 2026-07-28,
// subscriptions). Each lives as long as its connection; every resource it names passes policy and
// journal. One event loop.
#pragma once

#include "gateway/mcp/message_stream.hpp"
#include "gateway/pipeline/calls.hpp"

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace gatehouse::gateway {

// What a client asked to hear of.
struct NoticeFilter {
    bool tools = false;
    bool prompts = false;
    bool resources = false;
    std::vector<std::string> uris;  // as the client wrote them
    std::vector<std::string> tasks; // their ids as the client knows them
};

// Reads params.notifications; a text says why it is refused.
std::variant<NoticeFilter, std::string> read_notice_filter(std::string_view params);

// One open stream.
class Listener {
  public:
    struct WatchedUri {
        std::string uri; // as the client wrote it; of a task, its id
        Calls::Watched resource;
    };

    Listener(std::shared_ptr<const Exchange> exchange, std::shared_ptr<MessageStream> stream)
        : exchange_(std::move(exchange)), stream_(std::move(stream)) {}

    const RoutedRequest& request() const { return *exchange_->routed; }
    const runtime::Caller& caller() const { return *exchange_->caller; }
    const NoticeFilter& filter() const { return filter_; }
    const std::vector<WatchedUri>& watched() const { return watched_; }
    const std::vector<WatchedUri>& tasks() const { return tasks_; }
    // Adds the stream's id to `_meta`. What comes before the acknowledgement waits for it.
    void tell(std::string_view method, std::string_view params);

  private:
    friend class Subscriptions;
    std::string message(std::string_view method, std::string_view params) const;
    void acknowledge();
    void end();

    std::shared_ptr<const Exchange> exchange_;
    std::shared_ptr<MessageStream> stream_;
    NoticeFilter filter_; // honoured
    std::vector<WatchedUri> watched_;
    std::vector<WatchedUri> tasks_;
    std::vector<std::string> early_;
    bool acknowledged_ = false;
    bool refused_ = false; // ends as soon as it is acknowledged
    bool ended_ = false;
};

class Subscriptions {
  public:
    Subscriptions(Executor executor, Calls& calls) : executor_(executor), calls_(calls) {}

    // Completes when the stream has ended.
    Task<void> answer(std::shared_ptr<const Exchange> exchange, HttpResponder& responder);
    void each(const std::function<void(Listener&)>& visit);
    // Ends those streams, with their result, of which `ends` says so.
    void end_some(const std::function<bool(const Listener&)>& ends);
    // Ends every stream with its result, and takes no new ones. Idempotent.
    void stop();
    std::size_t count() const { return listeners_.size(); }

  private:
    class Entry;

    std::optional<McpRefusal> check(const Exchange& exchange) const;
    Task<void> listen(std::shared_ptr<const Exchange> exchange, NoticeFilter wanted,
                      HttpResponder& responder);
    Task<void> watch_all(Listener& listener, NoticeFilter wanted);
    void unwatch_all(const Listener& listener);

    Executor executor_;
    Calls& calls_;
    std::list<Listener> listeners_;
    bool stopped_ = false;
};

} // namespace gatehouse::gateway
