// Calls: carries every request that goes to a connector through its stages to the answer, with all
// that is said on the way. The one function that reads as the product's sentence is Calls::run with
// carry_out. One event loop.
//
// Four combinations meet here. Where both sides are of one era, what they say passes. A legacy
// connector that asks a modern client is parked (calls_parked.cpp); a modern connector that needs
// input of a legacy client has its questions asked, and is called again (calls_rounds.cpp).
#pragma once

#include "gateway/mcp/request_state.hpp"
#include "gateway/mcp/task_ids.hpp"
#include "gateway/mcp/transcode.hpp"
#include "gateway/pipeline/call_stages.hpp"
#include "gateway/pipeline/dialogue.hpp"
#include "gateway/pipeline/parked_calls.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/base/task_group.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::gateway {

struct DialogueLimits {
    // After so long without a word the answer becomes an event stream.
    std::chrono::milliseconds silence_max = std::chrono::seconds(5);
    // A legacy connector's questions that come so close together go to a modern client as one.
    std::chrono::milliseconds gather_window{50};
    // A legacy client's time for all questions of one request, and their rounds.
    std::chrono::milliseconds input_max = std::chrono::minutes(10);
    int rounds_max = 10;
    ParkingLimits parking;
};

struct CallServices {
    const Clock& clock;
    const Policy& policy;
    const Vault& vault;
    Journal& journal;
    runtime::ConnectorDirectory& directory;
    std::uint32_t calls_in_flight_max = 4096;
    // Of all calls in flight together: a count alone would let a few callers fill the memory.
    std::uint64_t bodies_in_flight_max_bytes = 256ULL << 20;
    DialogueLimits dialogue = {};
    // The last call id that may have been given out by an earlier run of the daemon.
    std::uint64_t calls_before = 0;
};

class Calls {
  public:
    Calls(Executor executor, CallServices services);

    // Answers on the responder: JSON, or a stream once something comes before the answer.
    Task<void> answer(std::shared_ptr<const Exchange> exchange,
                      std::shared_ptr<ClientSession> session, HttpResponder& responder);

    // The requests that go to a connector; all else is answered by the endpoint itself.
    static bool handles(std::string_view method);
    static bool handles(std::string_view method, Era era);

    // One tool call without a client to talk to; `exchange` holds a tools/call whose virtual server
    // exposes the tool. What the stages refuse is an error: of a policy GH-N405 or GH-N406.
    struct Plain {
        CallId id;
        runtime::CallReply reply;
    };
    Task<Result<Plain>> call_plain(std::shared_ptr<const Exchange> exchange);

    // A resource or a task as its connector knows it, whose changes it was asked to tell of.
    struct Watched {
        ConnectorName connector;
        std::string subject; // URI, or runtime::watched_task
    };
    // For subscriptions/listen: policy, intent, ConnectorDirectory::watch_resource, outcome. An
    // unknown, a hidden and a denied resource fail alike (GH-N407).
    Task<Result<Watched>> watch(std::shared_ptr<const Exchange> exchange, std::string uri);
    // The same for a task of a modern connector, by the gateway's id.
    Task<Result<Watched>> watch_task(std::shared_ptr<const Exchange> exchange, std::string id);
    void unwatch(const runtime::Caller& caller, const Watched& watched);

    // The params of a connector's notification about a task (notifications/tasks/status,
    // notifications/tasks) as this owner knows the task; empty if it is not one of the owner's.
    std::optional<std::string> task_notice(const TaskOwner& owner, const ConnectorName& connector,
                                           std::string_view params) const;

    std::uint32_t in_flight_count() const { return in_flight_; }
    // Gives up parked calls, and completes when nothing runs any more.
    Task<void> join();

  private:
    struct Walk;
    struct Questions;
    struct ListedTasks;

    // calls.cpp: in and out.
    Task<void> learn_and_answer(std::shared_ptr<McpCall> call, HttpResponder& responder);
    Task<void> answer_resolved(SharedCall call, HttpResponder& responder);
    void register_call(const McpCall& call,
                       const std::shared_ptr<runtime::ConnectorCall>& upstream);
    void forget_call(const McpCall& call);
    std::optional<Era> known_era(const McpCall& call) const;

    // calls_resolve.cpp: what a request is about.
    bool resolve(McpCall& call);
    bool find_target(McpCall& call);
    TaskOwner owner_of(const McpCall& call) const;

    // calls_run.cpp: the stages. `walk` lives in the coroutine that answers.
    Task<HttpReply> run(Walk& walk);
    Task<HttpReply> carry_out(Walk& walk, CredentialedCall credentialed);
    Denied check_protocol(Walk& walk);
    Task<HttpReply> refuse(SharedCall shared, Denied denied);
    Task<runtime::CallReply> dispatch(const JournaledCall& journaled, const RoundInput& round,
                                      std::shared_ptr<runtime::ConnectorCall> upstream);
    Task<runtime::CallReply> dispatch_subscription(const McpCall& call);
    Task<Result<std::uint64_t>> record_outcome(const McpCall& call, const runtime::CallReply& reply,
                                               SteadyTime started,
                                               ResultKind kind = ResultKind::complete);
    // All stages without a client to talk to. An error: it did not go on.
    Task<Result<runtime::CallReply>> carry_plain(SharedCall call,
                                                 std::shared_ptr<runtime::ConnectorCall> upstream);

    // calls_talk.cpp: what is said before the answer.
    void listen(Walk& walk);
    void listen_for_logs(const McpCall& call, runtime::ConnectorCall& upstream);
    void ask_client(Walk& walk, std::shared_ptr<runtime::InputRequest> request);

    // calls_answer.cpp: the connector's reply as the client's answer.
    HttpReply answer_of(const Walk& walk, runtime::CallReply reply,
                        ResultKind kind = ResultKind::complete);
    HttpReply result_of(const McpCall& call, runtime::CallReply reply, ResultKind kind);
    std::optional<Error> seal_state(const McpCall& call, std::string_view body, TextEdits& edits);
    void show_task_id(const McpCall& call, Era era, std::string_view body, TextEdits& edits);
    StateBinding binding_of(const McpCall& call, const std::string& digest) const;

    // calls_rounds.cpp: a modern connector and a legacy client.
    Task<HttpReply> ask_and_repeat(Walk& walk, runtime::CallReply reply);
    std::optional<Error> ask_all(Walk& walk, std::string_view requests,
                                 const std::shared_ptr<Questions>& questions);
    void withdraw_questions(Walk& walk);

    // calls_parked.cpp: a legacy connector and a modern client.
    bool may_park(const McpCall& call) const;
    Task<HttpReply> carry_parkable(Walk& walk, JournaledCall journaled);
    Task<void> carry_parked(std::shared_ptr<ParkedCall> parked,
                            Task<runtime::CallReply> dispatched);
    Task<HttpReply> resume(Walk& walk);
    Task<HttpReply> attend(Walk& walk, std::shared_ptr<ParkedCall> parked, SteadyTime started);
    HttpReply input_required_reply(const Walk& walk, const ParkedCall& parked,
                                   const std::string& name);

    // calls_tasks.cpp
    Task<Result<Watched>> ask_to_watch(std::shared_ptr<const McpCall> call);
    Task<HttpReply> list_tasks(Walk& walk);
    Task<Result<runtime::CallReply>> ask_for_tasks(Walk& walk, const ConnectorName& connector,
                                                   const std::string& cursor);
    std::string append_own_tasks(const TaskOwner& owner, const ConnectorName& connector,
                                 const runtime::CallReply& reply, ListedTasks& page) const;
    TranslateId shown_task_ids(const McpCall& call) const;
    TranslateId upstream_task_ids(const McpCall& call) const;

    Executor executor_;
    CallServices services_;
    Authorize authorize_;
    AttachCredential attach_credential_;
    RecordIntent record_intent_;
    RequestStates states_;
    TaskIds task_ids_;
    ParkedCalls parked_;
    std::uint64_t last_call_;
    std::uint32_t in_flight_ = 0;
    std::shared_ptr<std::uint64_t> bodies_in_flight_bytes_ = std::make_shared<std::uint64_t>(0);
    TaskGroup tasks_;
    Dialogues dialogues_;
};

// One request on its way, in the frame of the coroutine that answers it.
struct Calls::Walk {
    Walk(Dialogues& dialogues, SharedCall asked, HttpResponder& responder)
        : call(asked), upstream(std::make_shared<runtime::ConnectorCall>()),
          dialogue(dialogues, std::move(asked), responder) {}

    SharedCall call; // of the dispatch under way
    std::shared_ptr<runtime::ConnectorCall> upstream;
    Dialogue dialogue;
    RoundInput round;
    std::string parked_name;                  // the parked call this request returns to
    std::optional<MissingCapability> missing; // it asked what the client cannot answer
    std::vector<std::uint64_t> asked_ids;     // of the session's open requests of this round
    int rounds_count = 0;
    SteadyTime input_until = SteadyTime::max();
};

} // namespace gatehouse::gateway
