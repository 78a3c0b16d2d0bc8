#include "tests/unit/simulation/session_world.hpp"

#include "runtime/base/assert.hpp"
#include "runtime/base/log.hpp"
#include "runtime/session/stdio_session.hpp"
#include "tests/unit/simulation/scripted_connector.hpp"
#include "tests/unit/simulation/virtual_time.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <fcntl.h>
#include <optional>
#include <unistd.h>

namespace gatehouse::simulation {

namespace {

using namespace gatehouse::runtime;

constexpr milliseconds turn{1}; // what is due now may be seen a turn of the clock later

// What the simulation knows of one call.
struct CallBook {
    bool intended = false;
    bool ended = false;
    int seen_count = 0; // by the connector
    milliseconds began{0};
    milliseconds deadline{0};
    std::optional<milliseconds> cancelled_at;
    CallEnd end = CallEnd::never_sent;
};

class SessionWorld {
  public:
    SessionWorld(std::uint64_t seed, SessionBug planted, Story& told);
    void run();

  private:
    void step(const char* what, std::int64_t who = 0, std::int64_t detail = 0) {
        story_.step(VirtualTime::passed(), what, who, detail);
    }
    SessionOptions given_options() const;
    static Task<void> run_reader(SessionWorld& world);
    static Task<void> call_often(SessionWorld& world);
    static Task<void> one_call(SessionWorld& world, int tag);
    static Task<CallReply> through_bugs(SessionWorld& world, std::shared_ptr<ConnectorCall> call);
    static Task<void> cancel_later(SessionWorld& world, std::shared_ptr<ConnectorCall> call,
                                   int tag, milliseconds delay);
    static Task<void> sleep(SessionWorld& world, milliseconds time);
    static Task<void> settle(SessionWorld& world);
    void on_seen(int tag);
    void check_reply(int tag, const CallReply& reply);
    void check_slots();
    void check_end();
    std::uint64_t unfinished() const;

    Random random_;
    SessionBug bug_;
    Story& story_;
    asio::io_context loop_{1};
    int concurrency_ = 4;
    std::size_t queue_max_ = 8;
    bool with_exclusive_ = false;
    std::vector<CallBook> books_;
    std::optional<milliseconds> died_at_;
    std::unique_ptr<ScriptedConnector> connector_;
    std::unique_ptr<StdioSession> session_;
    TaskGroup tasks_{loop_.get_executor()};
};

SessionWorld::SessionWorld(std::uint64_t seed, SessionBug planted, Story& told)
    : random_(seed), bug_(planted), story_(told), concurrency_(random_.between(1, 6)),
      queue_max_(static_cast<std::size_t>(random_.between(1, 20))),
      with_exclusive_(random_.percent(20)) {
    int down[2];
    int up[2];
    GH_ASSERT(::pipe2(down, O_CLOEXEC | O_NONBLOCK) == 0);
    GH_ASSERT(::pipe2(up, O_CLOEXEC | O_NONBLOCK) == 0);
    Manners manners = draw_manners(random_);
    manners.swaps_ids = planted == SessionBug::answers_are_swapped;
    connector_ = std::make_unique<ScriptedConnector>(
        loop_.get_executor(), ScriptedConnector::Ends{UniqueFd(down[0]), UniqueFd(up[1])}, manners,
        random_);
    connector_->on_call = [this](int tag) { on_seen(tag); };
    connector_->on_death = [this] {
        died_at_ = VirtualTime::passed();
        step("the connector dies");
    };
    Session::Events events;
    events.on_stray = [](std::string_view) {};
    events.on_log = [](std::string_view) {};
    events.on_list_changed = [](ListKind) {};
    events.on_notice = [](std::string_view, std::string_view) {};
    events.on_unsolicited_input = [](std::shared_ptr<InputRequest>) {};
    events.on_input_seen = [] {};
    session_ = std::make_unique<StdioSession>(loop_.get_executor(), UniqueFd(down[1]),
                                              UniqueFd(up[0]), given_options(), std::move(events));
}

SessionOptions SessionWorld::given_options() const {
    SessionOptions options;
    options.concurrency = concurrency_ + (bug_ == SessionBug::too_many_in_flight ? 2 : 0);
    options.queue_max_count = queue_max_ + (bug_ == SessionBug::queue_is_too_long ? 3 : 0);
    return options;
}

std::uint64_t SessionWorld::unfinished() const {
    const auto open = std::count_if(books_.begin(), books_.end(), [](const CallBook& book) {
        return book.intended && !book.ended;
    });
    return static_cast<std::uint64_t>(open);
}

void SessionWorld::on_seen(int tag) {
    step("the connector reads", tag);
    CallBook& book = books_[static_cast<std::size_t>(tag)];
    ++book.seen_count;
    story_.expect(book.intended, "nothing is sent before its intent is written");
    story_.expect(book.seen_count == 1, "a call is sent once");
    const auto at_work = std::count_if(books_.begin(), books_.end(), [](const CallBook& each) {
        return each.seen_count > 0 && !each.ended;
    });
    story_.expect(at_work <= concurrency_, "no more calls are in flight than the connector bears");
}

Task<void> SessionWorld::sleep(SessionWorld& world, milliseconds time) {
    asio::steady_timer timer(world.loop_, time);
    co_await timer.async_wait(asio::use_awaitable);
}

Task<void> SessionWorld::run_reader(SessionWorld& world) {
    auto running = world.session_->run();
    const Error why = co_await std::move(running);
    world.step("the session ends", why.code.empty() ? 0 : 1);
}

Task<void> SessionWorld::cancel_later(SessionWorld& world, std::shared_ptr<ConnectorCall> call,
                                      int tag, milliseconds delay) {
    auto sleeping = sleep(world, delay);
    co_await std::move(sleeping);
    CallBook& book = world.books_[static_cast<std::size_t>(tag)];
    if (!book.ended) {
        world.step("is given up", tag);
        book.cancelled_at = VirtualTime::passed();
        call->cancel("the client went away");
    }
}

// The session, and the planted bugs around it.
Task<CallReply> SessionWorld::through_bugs(SessionWorld& world,
                                           std::shared_ptr<ConnectorCall> call) {
    std::shared_ptr<ConnectorCall> sent = call;
    if (world.bug_ == SessionBug::cancel_is_unheard) {
        sent = std::make_shared<ConnectorCall>();
        sent->method = call->method;
        sent->params = call->params;
        sent->deadline = call->deadline;
    }
    if (world.bug_ == SessionBug::deadline_is_longer) {
        sent->deadline *= 2;
    }
    auto calling = world.session_->call(sent);
    CallReply reply = co_await std::move(calling);
    if (world.bug_ == SessionBug::called_again && reply.end == CallEnd::timed_out) {
        auto again = world.session_->call(sent);
        reply = co_await std::move(again);
    }
    if (world.bug_ == SessionBug::sent_is_denied && reply.end == CallEnd::may_have_run) {
        reply.end = CallEnd::never_sent;
    }
    if (world.bug_ == SessionBug::end_is_late && world.died_at_) {
        auto sleeping = sleep(world, milliseconds(500));
        co_await std::move(sleeping);
    }
    co_return reply;
}

Task<void> SessionWorld::one_call(SessionWorld& world, int tag) {
    auto call = std::make_shared<ConnectorCall>();
    call->method = "tools/call";
    call->params =
        R"({"name":"echo","arguments":{"tag":"c)" + std::to_string(tag) + R"(","text":")" +
        std::string(static_cast<std::size_t>(world.random_.between(0, 300)), 'x') + R"("}})";
    call->deadline = world.random_.time_between(5, 5'000);
    call->exclusive = world.with_exclusive_ && world.random_.percent(20);
    CallBook& book = world.books_[static_cast<std::size_t>(tag)];
    book.began = VirtualTime::passed();
    book.deadline = call->deadline;
    book.intended = world.bug_ != SessionBug::sent_before_intent;
    world.step("is called", tag, call->deadline.count());
    if (world.random_.percent(25)) {
        const milliseconds delay = world.random_.time_between(0, 1'500);
        world.tasks_.spawn("cancel", cancel_later(world, call, tag, delay));
    }
    auto calling = through_bugs(world, call);
    const CallReply reply = co_await std::move(calling);
    world.check_reply(tag, reply);
}

void SessionWorld::check_reply(int tag, const CallReply& reply) {
    CallBook& book = books_[static_cast<std::size_t>(tag)];
    const milliseconds now = VirtualTime::passed();
    step("ends", tag, static_cast<std::int64_t>(reply.end));
    story_.expect(!book.ended, "each call has one end");
    book.ended = true;
    book.end = reply.end;
    if (reply.end == CallEnd::result || reply.end == CallEnd::error) {
        const std::string own = R"("tag":"c)" + std::to_string(tag) + "\"";
        story_.expect(reply.body().find(own) != std::string_view::npos,
                      "an answer reaches the call that it belongs to");
        story_.expect(book.seen_count > 0, "only what was sent is answered");
    }
    story_.expect(now <= book.began + book.deadline + turn, "a call ends by its deadline");
    if (book.cancelled_at) {
        story_.expect(now <= *book.cancelled_at + turn, "a call that is given up ends at once");
    }
    story_.expect((reply.end == CallEnd::cancelled) == book.cancelled_at.has_value() ||
                      reply.end != CallEnd::cancelled,
                  "only a call that was given up ends as cancelled");
    if (died_at_) {
        story_.expect(now <= std::max(*died_at_, book.began) + turn,
                      "after its connector's death a call ends at once");
    }
}

// What is due at this instant happens first.
Task<void> SessionWorld::settle(SessionWorld& world) {
    constexpr int turns_count = 40;
    for (int left = turns_count; left > 0; --left) {
        co_await asio::post(world.loop_, asio::use_awaitable);
    }
}

void SessionWorld::check_slots() {
    const SessionCounters& counters = session_->counters();
    story_.expect(counters.queued <= queue_max_, "the queue keeps its bound");
    story_.expect(counters.in_flight <= static_cast<std::uint64_t>(concurrency_),
                  "no more calls are in flight than the connector bears");
    story_.expect(counters.in_flight + counters.queued == unfinished(),
                  "a call that ended has left its slot and the queue");
    const bool full = counters.in_flight == static_cast<std::uint64_t>(concurrency_);
    story_.expect(counters.queued == 0 || full || with_exclusive_,
                  "no call waits while a slot is free");
}

Task<void> SessionWorld::call_often(SessionWorld& world) {
    Random& random = world.random_;
    const int count = static_cast<int>(world.books_.size());
    const int most = random.percent(50) ? 30 : 400;
    for (int tag = 0; tag < count;) {
        auto sleeping = sleep(world, random.time_between(1, most));
        co_await std::move(sleeping);
        auto settling = settle(world);
        co_await std::move(settling);
        world.check_slots();
        for (int left = random.between(1, 8); left > 0 && tag < count; --left, ++tag) {
            world.tasks_.spawn("call", one_call(world, tag));
        }
    }
    auto sleeping = sleep(world, milliseconds(6'000));
    co_await std::move(sleeping);
    auto settling = settle(world);
    co_await std::move(settling);
    world.check_slots();
    world.session_->stop();
}

void SessionWorld::check_end() {
    story_.expect(unfinished() == 0, "each call has one end");
    const std::string& received = connector_->received();
    for (std::size_t tag = 0; tag < books_.size(); ++tag) {
        const std::string mark = R"("tag":"c)" + std::to_string(tag) + "\"";
        const bool reached = received.find(mark) != std::string::npos;
        story_.expect(!reached || books_[tag].end != CallEnd::never_sent,
                      "never_sent means that nothing was written");
    }
}

void SessionWorld::run() {
    books_.resize(static_cast<std::size_t>(random_.between(5, 40)));
    connector_->start(tasks_);
    tasks_.spawn("session", run_reader(*this));
    tasks_.spawn("callers", call_often(*this));
    loop_.run_for(std::chrono::hours(2));
    story_.expect(!VirtualTime::spun(), "the loop rests while nothing happens");
    story_.expect(tasks_.running_count() == 0, "in the end all comes to an end");
    if (tasks_.running_count() != 0) {
        session_->stop();
        tasks_.stop();
        loop_.restart();
        loop_.run_for(std::chrono::hours(2));
        return;
    }
    check_end();
}

} // namespace

void run_session(std::uint64_t seed, SessionBug bug, Story& story) {
    std::signal(SIGPIPE, SIG_IGN);
    set_log_level(gatehouse::LogLevel::off);
    const VirtualTime virtual_time;
    SessionWorld world(seed, bug, story);
    world.run();
}

} // namespace gatehouse::simulation
