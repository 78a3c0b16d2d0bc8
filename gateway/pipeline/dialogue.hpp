// Dialogue: the way back to the client of one request. Its answer is plain JSON, unless something
// must be said before it (progress, a log, a question to the client) or it has been silent for some
// seconds: then the answer becomes an event stream, and what comes is said there. One event loop.
#pragma once

#include "gateway/mcp/message_stream.hpp"
#include "gateway/pipeline/stages.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/base/task_group.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>
#include <chrono>
#include <memory>
#include <string>

namespace gatehouse::gateway {

class Dialogues;

using DialogueHook =
    boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

// Lives in the coroutine that answers the request; `responder` outlives it.
class Dialogue : public DialogueHook {
  public:
    Dialogue(Dialogues& owner, SharedCall call, HttpResponder& responder);
    // finish() or drop() must have completed if a stream was opened.
    ~Dialogue();
    Dialogue(const Dialogue&) = delete;
    Dialogue& operator=(const Dialogue&) = delete;

    const McpCall& call() const { return *call_; }

    // A complete notification; lost if the client does not read.
    void say(std::string message);
    // The event stream; the answer becomes one with the first call.
    const std::shared_ptr<MessageStream>& stream();
    bool streaming() const { return stream_ != nullptr; }
    // The client of a modern request is gone: nothing is left to say.
    void close_stream();

    // The answer, and the end. Completes when it is written or nobody is there to read it.
    Task<void> finish(HttpReply reply);
    // Ends without an answer, after a fault.
    Task<void> drop();

  private:
    friend class Dialogues;
    struct Serving;

    static Task<void> serve(std::shared_ptr<MessageStream> stream, HttpResponder& responder,
                            std::shared_ptr<Serving> serving);
    Task<void> wait_served();

    Dialogues& owner_;
    SharedCall call_;
    HttpResponder& responder_;
    SteadyTime silent_until_;
    std::shared_ptr<MessageStream> stream_;
    std::shared_ptr<Serving> serving_;
};

// All dialogues, with one timer for their silence.
class Dialogues {
  public:
    // `tasks` serves the streams.
    Dialogues(Executor executor, TaskGroup& tasks, std::chrono::milliseconds silence_max);
    ~Dialogues();
    // The timer no longer keeps the loop alive.
    void stop();

  private:
    friend class Dialogue;
    using Waiting = boost::intrusive::list<Dialogue, boost::intrusive::base_hook<DialogueHook>,
                                           boost::intrusive::constant_time_size<false>>;

    void add(Dialogue& dialogue);
    void arm(SteadyTime when);
    void sweep();

    Executor executor_;
    TaskGroup& tasks_;
    std::chrono::milliseconds silence_max_;
    Waiting silent_; // in the order of their beginning
    bool armed_ = false;
    std::shared_ptr<int> alive_ = std::make_shared<int>();
    asio::steady_timer timer_;
};

} // namespace gatehouse::gateway
