// ParkedCalls: calls at legacy connectors whose connector waits for an answer of a modern client,
// which has no way to give one but to repeat its request. Between the two requests the call is
// parked here, under a name that is good for one return. Bounded in number, per principal and in
// time; who does not come back loses the call: it is cancelled at the connector. One event loop.
#pragma once

#include "gateway/pipeline/dialogue.hpp"
#include "gateway/pipeline/dialogue_rules.hpp"
#include "runtime/connector_call.hpp"

#include <chrono>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::gateway {

// One call that may be parked, from its dispatch to its end. Kept alive by the coroutine that
// carries it.
class ParkedCall : public std::enable_shared_from_this<ParkedCall> {
  public:
    struct Question {
        std::string key;
        std::shared_ptr<runtime::InputRequest> request;
    };

    ParkedCall(Executor executor, const McpCall& first,
               std::shared_ptr<runtime::ConnectorCall> carried)
        : principal(first.request().principal().id()), caller(first.exchange->caller),
          upstream(std::move(carried)), wake_(executor) {}

    // Not the request itself: its body need not wait for as long as the client takes.
    PrincipalId principal;
    std::shared_ptr<const runtime::Caller> caller;
    std::shared_ptr<runtime::ConnectorCall> upstream;
    Dialogue* dialogue = nullptr; // of the request that waits now; null while parked
    std::vector<Question> questions;
    std::optional<MissingCapability> missing; // it asked what the client cannot answer
    std::optional<runtime::CallReply> reply;  // it has ended

    // A new question; one that is withdrawn goes by itself.
    static void ask(const std::shared_ptr<ParkedCall>& call,
                    std::shared_ptr<runtime::InputRequest> request);
    // Hands on the answers that `responses` (raw JSON of inputResponses) has. An answer that is no
    // object is none.
    void answer(std::string_view responses);
    void lack(MissingCapability capability);
    void end(runtime::CallReply ended);

    // Until something happens: a question, the end, a missing capability.
    Task<void> wait_for_news();
    Task<void> wait_for_end();
    // Lets questions that are asked back to back come together.
    Task<void> gather(std::chrono::milliseconds window);

    // The raw JSON of inputRequests.
    std::string input_requests() const;

  private:
    void notify() { wake_.cancel(); }
    Task<void> wait_until(SteadyTime until);
    std::string new_key(const runtime::InputRequest& request);

    std::size_t asked_count_ = 0;
    asio::steady_timer wake_;
};

struct ParkingLimits {
    std::size_t max_count = 1024;
    std::size_t max_count_per_principal = 16;
    std::chrono::milliseconds hold_max = std::chrono::minutes(10);
};

class ParkedCalls {
  public:
    ParkedCalls(Executor executor, ParkingLimits limits);

    // The name to return with; empty if there is no room.
    std::string park(std::shared_ptr<ParkedCall> call);
    bool holds(std::string_view name) const { return by_name_.contains(name); }
    // Null for an unknown name, one that was used before, and one whose time has passed.
    std::shared_ptr<ParkedCall> take(std::string_view name);
    std::size_t count() const { return order_.size(); }
    // Gives up all of them.
    void stop();

  private:
    struct Place {
        std::string name;
        std::shared_ptr<ParkedCall> call;
        SteadyTime until;
    };
    using Order = std::list<Place>; // the first to expire first

    std::shared_ptr<ParkedCall> remove(Order::iterator place);
    void arm();
    void expire();

    ParkingLimits limits_;
    std::uint64_t last_name_ = 0;
    Order order_;
    std::map<std::string, Order::iterator, std::less<>> by_name_;
    std::map<PrincipalId, std::size_t> counts_;
    std::shared_ptr<int> alive_ = std::make_shared<int>();
    asio::steady_timer timer_;
};

} // namespace gatehouse::gateway
