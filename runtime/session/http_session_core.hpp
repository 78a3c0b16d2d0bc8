// HttpSessionCore: what is behind HttpSession. Split over http_session_calls.cpp (queue, deadlines,
// ends), http_session_exchange.cpp (one request and its answer), http_session_talk.cpp (what the
// connector says of its own accord), http_session_streams.cpp (the streams beside the calls) and
// http_session_handshake.cpp (handshake, lists).
#pragma once

#include "runtime/base/task_group.hpp"
#include "runtime/http_client/sse_reader.hpp"
#include "runtime/session/attribution.hpp"
#include "runtime/session/catalogue_reader.hpp"
#include "runtime/session/envelope.hpp"
#include "runtime/session/failures.hpp"
#include "runtime/session/http_call.hpp"
#include "runtime/session/http_session.hpp"
#include "runtime/session/listening.hpp"
#include "runtime/session/open_inputs.hpp"
#include "runtime/session/param_headers.hpp"

#include <deque>
#include <map>
#include <set>

namespace gatehouse::runtime {

// Where a stream of events stands, over its reconnections.
struct StreamPosition {
    std::string last_event_id;
    std::optional<std::chrono::milliseconds> retry;
    std::uint64_t events_count = 0;
};

// One subscriptions/listen stream of a modern connector.
struct ListenStream {
    ListenStream(const Executor& executor, std::string wanted)
        : params(std::move(wanted)), settled(executor) {}

    std::string params;
    std::shared_ptr<WaitLimit> limit; // of the connection it has now
    asio::steady_timer settled;       // cancelled when `outcome` is there
    std::optional<CallReply> outcome; // the acknowledged filter, or why there is none
    std::shared_ptr<ListenStream> replaces;
    bool replaced = false;
};

// The error object of a valid JSON-RPC answer whose id may be null or missing, because the POST
// that it answers names the call; empty if it is none.
std::string_view error_in_answer(std::string_view text);

class HttpSessionCore : public std::enable_shared_from_this<HttpSessionCore> {
  public:
    using Core = std::shared_ptr<HttpSessionCore>;

    HttpSessionCore(Executor executor, HttpConnector connector, SessionOptions options,
                    Session::Events events);

    // --- http_session.cpp
    static Task<Error> run(Core core);
    void end(const Error& reason);
    void close_session();
    const SessionCounters& counters() const { return counters_; }
    std::vector<CallInFlight> calls_in_flight(std::size_t max) const;
    std::vector<CallId> call_ids(std::size_t max) const;

    // --- http_session_calls.cpp
    static Task<CallReply> perform(Core core, std::shared_ptr<ConnectorCall> call, HttpLane lane);
    static Task<CallReply> ask(Core core, std::string method, std::string params, SteadyTime until);
    void cancel(HttpCall& pending, std::string_view reason);
    // Unlinks a call whose coroutine frame is being destroyed.
    void forget(HttpCall& pending);

    // --- http_session_handshake.cpp
    static Task<Result<Catalogue>> handshake(Core core, std::chrono::milliseconds startup);
    static Task<Result<Catalogue>> refresh_all(Core core, SteadyTime until);
    static Task<Result<Catalogue>> refresh_one(Core core, ListKind kind, SteadyTime until);
    static Task<bool> ping(Core core, SteadyTime until);

    // --- http_session_streams.cpp
    static Task<CallReply> watch(Core core, std::string uri, std::chrono::milliseconds deadline);
    void unwatch(const std::string& uri);
    void tell_roots_changed();

  private:
    enum class Again { no, in_new_session, with_new_headers };

    // --- http_session.cpp
    void in_background(std::string name, Task<void> task);
    static Task<void> delete_session(Core core);

    // --- http_session_calls.cpp
    void admit(HttpCall& pending);
    bool may_send_now(const HttpCall& pending) const;
    void take_slot(HttpCall& pending);
    void wake_queued();
    static Task<void> await_turn(HttpCall& pending);
    static Task<void> run_call(Core core, HttpCall& pending);
    static Task<void> want_log_level(Core core, std::string level, SteadyTime until);
    void detach(HttpCall& pending);
    void finish(HttpCall& pending, CallEnd how, Error failure);
    void fail(HttpCall& pending, Error failure, HttpSent sent);
    failures::SlotsTaken slots_taken(const HttpCall& waiting) const;
    void expire(HttpCall& pending);
    void tell_cancelled(const HttpCall& pending, std::string_view reason);
    void set_deadline(HttpCall& pending, SteadyTime deadline);
    void rest_deadline(HttpCall& pending);
    void resume_deadline(HttpCall& pending);

    // --- http_session_exchange.cpp
    static Task<Again> exchange(Core core, HttpCall& pending);
    static Task<void> read_stream(Core core, HttpCall& pending,
                                  std::unique_ptr<HttpExchange> exchange);
    static Task<std::unique_ptr<HttpExchange>> resume(Core core, HttpCall& pending,
                                                      const StreamPosition& position);
    static Task<Result<void>> read_events(Core core, HttpCall* from, HttpExchange& exchange,
                                          StreamPosition& position);
    static Task<void> post_note(Core core, std::string body);
    static Task<void> drain(Core core, std::unique_ptr<HttpExchange> exchange);
    static Task<void> pause(Core core, std::shared_ptr<WaitLimit> limit,
                            std::chrono::milliseconds time);
    HttpClientRequest post_of(HttpCall& pending);
    HttpClientRequest legacy_request(std::string method, std::string body) const;
    void add_modern_headers(const ConnectorCall& call, HeaderList& headers) const;
    Again accept_body(HttpCall& pending, const HttpExchange& exchange, std::string body);
    Again accept_answer(HttpCall& pending, std::string text);
    void release_exchange(std::unique_ptr<HttpExchange> exchange);

    // --- http_session_talk.cpp
    struct Attributed {
        Belongs belongs = Belongs::to_nobody;
        HttpCall* call = nullptr; // set if it belongs to one
    };
    // `from`: the call on whose stream it came; null: on a stream of no call.
    void accept_message(HttpCall* from, std::string text);
    Attributed attribute(HttpCall* from) const;
    void accept_request(HttpCall* from, const Envelope& envelope);
    void accept_input(HttpCall* from, const Envelope& envelope);
    void open_input(HttpCall* to, const Envelope& envelope);
    void settle_input(std::uint64_t serial, const std::string& result, const std::string& error);
    void withdraw_inputs_of(HttpCall& pending);
    void release_input(const OpenInput<HttpCall>& input);
    void answer_refusal(std::string_view raw_id, int code, std::string_view why);
    void accept_notification(HttpCall* from, const Envelope& envelope);
    void accept_progress(std::string_view params);
    void accept_log(HttpCall* from, std::string_view params);
    void accept_notice(std::string_view method, std::string_view params);

    // --- http_session_streams.cpp
    void start_get_stream();
    static Task<void> keep_get_stream(Core core, std::uint64_t generation);
    static Task<void> await_get_stream(Core core, SteadyTime until);
    void start_listening();
    static Task<void> keep_listening(Core core, std::shared_ptr<ListenStream> stream);
    static Task<bool> listen_once(Core core, std::shared_ptr<ListenStream> stream);
    static Task<void> read_listen(Core core, std::shared_ptr<ListenStream> stream,
                                  std::unique_ptr<HttpExchange> exchange);
    void accept_listened(ListenStream& stream, std::string text);
    void settle_listen(ListenStream& stream, CallReply outcome);
    void close_listening(std::shared_ptr<ListenStream> newest);
    static Task<CallReply> watch_modern(Core core, std::string uri,
                                        std::chrono::milliseconds deadline);

    // --- http_session_handshake.cpp
    static AskConnector asker(Core core, SteadyTime until);
    static Task<CallReply> ask_in_handshake(Core core, std::string method, std::string params,
                                            SteadyTime until);
    static Task<Result<Catalogue>> introduce(Core core, std::chrono::milliseconds startup);
    static Task<std::optional<Result<Catalogue>>> probe(Core core, SteadyTime until,
                                                        SteadyTime patience);
    static Task<Result<Catalogue>> initialize(Core core, SteadyTime until);
    static Task<Result<void>> renew_session(Core core, HttpCall& noticed);
    static Task<void> await_renewal(Core core, std::shared_ptr<WaitLimit> limit, SteadyTime until);
    void renewal_ended();
    void note_introduction(const Catalogue& introduction);
    void take_param_headers(std::vector<CatalogueItem>& tools);

    Executor executor_;
    SessionOptions options_;
    Session::Events events_;
    SessionCounters counters_;
    HttpClient client_;
    std::optional<Error> end_reason_;
    asio::steady_timer ended_; // never expires; cancelled to wake run()
    bool running_ = false;
    bool closing_ = false;
    std::vector<std::pair<std::string, Task<void>>> deferred_; // until run() is there to join them

    std::uint64_t next_id_ = 1;
    std::map<std::uint64_t, HttpCall*> in_flight_; // by the id of their message
    std::deque<HttpCall*> queue_;
    std::size_t queued_bytes_ = 0;
    bool exclusive_in_flight_ = false;
    bool abandoned_calls_ = false; // one was given up that may still be worked on

    Era era_ = Era::legacy; // modern also while the connector is probed
    Catalogue introduction_;
    Catalogue catalogue_; // the introduction with its lists, as last read
    std::map<std::string, std::vector<ParamHeader>> param_headers_; // by tool; modern only
    std::string session_id_;      // legacy; empty: the server gave none
    std::string offered_session_; // by the answer to the last initialize
    std::string protocol_version_;
    bool renewing_ = false;
    std::vector<std::weak_ptr<asio::steady_timer>> renewal_waiters_; // cancelled when it ended

    std::uint64_t generation_ = 0; // counts the GET streams: only the last one goes on
    bool get_stream_known_ = true; // whether there is one or not
    asio::steady_timer get_stream_settled_;
    std::shared_ptr<WaitLimit> get_stream_limit_;

    OpenInputs<HttpCall> inputs_;
    bool input_seen_ = false;
    bool takes_log_level_ = false;
    std::optional<int> log_severity_set_; // the least that the connector was asked for

    Listening listening_;                  // what is wanted of a modern connector
    std::shared_ptr<ListenStream> listen_; // the newest
    std::set<std::string> subscribed_;     // at a legacy connector; asked for again after a renewal

    TaskGroup tasks_; // last: it is joined by run()
};

} // namespace gatehouse::runtime
