// Calls: carries a tools/call through its stages to the answer. The one function that reads as
// the product's sentence is Calls::run with carry_out. One event loop.
#pragma once

#include "gateway/pipeline/call_stages.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/base/task_group.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace gatehouse::gateway {

struct CallServices {
    const Clock& clock;
    const Policy& policy;
    const Vault& vault;
    Journal& journal;
    runtime::ConnectorDirectory& directory;
    std::uint32_t calls_in_flight_max = 4096;
    // Of all calls in flight together: a count alone would let a few callers fill the memory.
    std::uint64_t bodies_in_flight_max_bytes = 256ULL << 20;
};

class Calls {
  public:
    Calls(Executor executor, CallServices services);

    // Answers on the responder: JSON, or a stream where the client asked for progress.
    Task<void> answer(std::shared_ptr<const Exchange> exchange,
                      std::shared_ptr<ClientSession> session, HttpResponder& responder);

    // The requests that go to a connector; all else is answered by the endpoint itself.
    static bool handles(std::string_view method);

    // A resource as its connector knows it, whose changes it was asked to tell of.
    struct Watched {
        ConnectorName connector;
        std::string upstream_uri;
    };
    // For subscriptions/listen: policy, intent, ConnectorDirectory::watch_resource, outcome. An
    // unknown, a hidden and a denied resource fail alike (GH-N407).
    Task<Result<Watched>> watch(std::shared_ptr<const Exchange> exchange, std::string uri);
    void unwatch(const runtime::Caller& caller, const Watched& watched);

    std::uint32_t in_flight_count() const { return in_flight_; }
    // Completes when no streamed call runs any more.
    Task<void> join();

  private:
    struct Stream;

    // upstream is filled in and registered by the caller, so that it can be cancelled at any time.
    Task<HttpReply> run(SharedCall call, std::shared_ptr<runtime::ConnectorCall> upstream);
    Task<HttpReply> carry_out(SharedCall call, CredentialedCall credentialed,
                              std::shared_ptr<runtime::ConnectorCall> upstream);
    Task<HttpReply> refuse(SharedCall shared, Denied denied);
    Task<runtime::CallReply> dispatch(const JournaledCall& journaled,
                                      std::shared_ptr<runtime::ConnectorCall> upstream);
    Task<Result<std::uint64_t>> record_outcome(const McpCall& call, const runtime::CallReply& reply,
                                               SteadyTime started);
    Task<void> learn_and_answer(std::shared_ptr<McpCall> call, HttpResponder& responder);
    Task<void> answer_resolved(SharedCall call, HttpResponder& responder);
    bool resolve(McpCall& call);
    static bool find_tool(McpCall& call);
    Task<void> answer_with_stream(SharedCall call, std::shared_ptr<runtime::ConnectorCall> upstream,
                                  HttpResponder& responder);
    Task<void> run_into(SharedCall call, std::shared_ptr<runtime::ConnectorCall> upstream,
                        std::shared_ptr<Stream> stream);
    void register_call(const McpCall& call,
                       const std::shared_ptr<runtime::ConnectorCall>& upstream);
    void forget_call(const McpCall& call);

    Executor executor_;
    CallServices services_;
    Authorize authorize_;
    AttachCredential attach_credential_;
    RecordIntent record_intent_;
    std::uint64_t last_call_ = 0;
    std::uint32_t in_flight_ = 0;
    std::shared_ptr<std::uint64_t> bodies_in_flight_bytes_ = std::make_shared<std::uint64_t>(0);
    TaskGroup streams_;
};

} // namespace gatehouse::gateway
