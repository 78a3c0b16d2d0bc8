#include "tests/unit/simulation/health_world.hpp"

#include "runtime/health/call_window.hpp"
#include "runtime/health/text_evidence.hpp"
#include "tests/unit/simulation/health_parts.hpp"

#include <array>
#include <deque>
#include <vector>

namespace gatehouse::simulation {

namespace {

using namespace gatehouse::runtime;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t flapping_count = 6;

// What is behind the connector does, and the connector itself.
enum class Mood { well, away, refuses, blocks, breaks, mixed };

struct CallUnderWay {
    SteadyTime ends;
    SteadyTime began;
    bool trial = false;
};

// What the books of the simulation say, from what was fed in alone.
struct Books {
    std::deque<SteadyTime> outages; // failures that tell of an outage
    std::deque<SteadyTime> calls;   // that ended
    std::deque<WallTime> turns;     // of the judged word
    int refusals_in_row = 0;
    bool trial_out = false;
    SteadyTime trial_at;
    milliseconds last_delay{0};
    std::optional<HealthWord> last_judged;
    WallTime last_not_better; // when what was judged was last no better than what was shown
};

bool is_judged_word(HealthWord word) {
    constexpr std::array<HealthWord, 6> judged = {
        HealthWord::healthy,     HealthWord::degraded,          HealthWord::unhealthy,
        HealthWord::auth_failed, HealthWord::downstream_outage, HealthWord::crash_loop};
    return std::find(judged.begin(), judged.end(), word) != judged.end();
}

Error error_with(const char* code) {
    return Error{code, "", "", "", ""};
}

class HealthWorld {
  public:
    HealthWorld(std::uint64_t seed, HealthBug bug, Story& told)
        : random_(seed), story_(told), breaker_(bug), evidence_(bug), judge_(bug), tracker_(bug) {
        facts_.phase = HealthPhase::ready;
        facts_.phase_since = wall();
        books_.last_not_better = wall();
        step_max_ms_ = random_.percent(70) ? 900 : 6'000;
        nervous_ = random_.percent(15);
    }
    void run();

  private:
    SteadyTime now() const { return SteadyTime(seconds(86'400) + passed_); }
    WallTime wall() const { return WallTime(seconds(1'700'000'000) + passed_); }
    void step(const char* what, std::int64_t detail = 0) {
        story_.step(passed_, what, static_cast<std::int64_t>(mood_), detail);
    }
    void change_mood();
    void change_process();
    void begin_calls();
    void end_calls();
    void end_call(const CallUnderWay& call);
    const char* draw_failure();
    void say_text();
    void note_answer(SteadyTime sent);
    void note_failure(const Error& failure, SteadyTime sent);
    void check_opening(BreakerState before);
    void collect();
    void look();
    void check_judged(const Health& raw);
    void check_shown(HealthWord before, HealthWord raw, HealthWord shown);
    void check_window();

    Random random_;
    Story& story_;
    milliseconds passed_{0};
    int step_max_ms_ = 900;
    bool nervous_ = false; // it stays ready, and answers its probes now and then
    Mood mood_ = Mood::well;
    BreakerPart breaker_;
    EvidencePart evidence_;
    JudgePart judge_;
    TrackerPart tracker_;
    TextEvidence text_;
    CallWindow window_;
    HealthFacts facts_;
    HealthWord shown_ = HealthWord::unknown;
    std::vector<CallUnderWay> under_way_;
    Books books_;
};

void HealthWorld::change_mood() {
    constexpr std::array<Mood, 6> moods = {Mood::well,   Mood::away,   Mood::refuses,
                                           Mood::blocks, Mood::breaks, Mood::mixed};
    mood_ = random_.percent(40) ? Mood::well : random_.one_of(moods);
    step("the mood is");
}

void HealthWorld::change_process() {
    constexpr std::array<HealthPhase, 8> phases = {
        HealthPhase::ready,    HealthPhase::ready,    HealthPhase::ready, HealthPhase::waiting,
        HealthPhase::starting, HealthPhase::stopping, HealthPhase::idle,  HealthPhase::stopped};
    const HealthPhase before = facts_.phase;
    facts_.phase = nervous_ ? HealthPhase::ready : random_.one_of(phases);
    if (facts_.phase != before) {
        facts_.phase_since = wall();
    }
    if (facts_.phase == HealthPhase::waiting && before != HealthPhase::waiting) {
        facts_.last_failure = error_with("GH-P301");
        facts_.last_failure_at = wall();
        facts_.failures.push_back(wall());
    }
    facts_.liveness.failures_in_row = random_.percent(nervous_ ? 50 : 85) ? 0 : 3;
    facts_.liveness.busy = facts_.liveness.failures_in_row > 0 && random_.percent(30);
    step("the process is", static_cast<std::int64_t>(facts_.phase));
}

void HealthWorld::begin_calls() {
    for (int left = random_.between(0, 3); left > 0; --left) {
        const BreakerState before = breaker_.state(now());
        if (!breaker_.allow(now())) {
            continue;
        }
        story_.expect(before != BreakerState::open, "no call goes out while the breaker is open");
        if (before == BreakerState::half_open) {
            const bool given_up = now() - books_.trial_at >= breaker_trial_max;
            story_.expect(!books_.trial_out || given_up, "one trial at a time");
            books_.trial_out = true;
            books_.trial_at = now();
            step("a trial goes out");
        }
        const milliseconds takes =
            random_.percent(90) ? random_.time_between(1, 900) : random_.time_between(900, 70'000);
        under_way_.push_back({now() + takes, now(), before == BreakerState::half_open});
    }
}

const char* HealthWorld::draw_failure() {
    constexpr std::array<const char*, 4> outages = {"GH-D202", "GH-D204", "GH-D205", "GH-D207"};
    constexpr std::array<const char*, 3> refusals = {"GH-A103", "GH-A104", "GH-A103"};
    constexpr std::array<const char*, 3> ours = {"GH-D208", "GH-D208", "GH-G901"};
    switch (mood_) {
    case Mood::well:
        return nullptr;
    case Mood::away:
        return random_.one_of(outages);
    case Mood::refuses:
        return random_.one_of(refusals);
    case Mood::blocks:
        return random_.one_of(ours);
    case Mood::breaks:
        return "GH-P307";
    case Mood::mixed:
        break;
    }
    const int drawn = random_.between(0, 9);
    return drawn < 4   ? nullptr
           : drawn < 6 ? random_.one_of(outages)
           : drawn < 8 ? random_.one_of(refusals)
                       : random_.one_of(ours);
}

void HealthWorld::note_answer(SteadyTime sent) {
    step("an answer");
    breaker_.on_success(now(), sent);
    evidence_.add_answer(now());
    books_.refusals_in_row = 0;
}

void HealthWorld::note_failure(const Error& failure, SteadyTime sent) {
    step("a failure", failure.code[3] * 1000 + std::stoi(failure.code.substr(4)));
    const BreakerState before = breaker_.state(now());
    const FailureClass of = class_of_code(failure.code);
    // Told apart by the code alone, not by the product's own table.
    const bool ours = failure.code == "GH-D208" || failure.code.starts_with("GH-G9");
    if (failure.code.starts_with("GH-D2") && !ours) {
        books_.outages.push_back(now());
    }
    books_.refusals_in_row += failure.code.starts_with("GH-A10") ? 1 : 0;
    story_.expect(!ours || of == FailureClass::policy, "our own refusals are told apart");
    breaker_.on_failure(failure, now(), sent);
    evidence_.add_failure(failure, wall(), now());
    check_opening(before);
}

void HealthWorld::check_opening(BreakerState before) {
    if (before == BreakerState::open || breaker_.state(now()) != BreakerState::open) {
        return;
    }
    const milliseconds delay = breaker_.retry_after(now());
    step("the breaker opens", delay.count());
    books_.trial_out = false;
    const milliseconds longest(seconds(60));
    const milliseconds expected = before == BreakerState::half_open
                                      ? std::min(books_.last_delay * 2, longest)
                                      : milliseconds(seconds(5));
    story_.expect(delay == expected, "a breaker is open for 5 s, and twice as long each time");
    books_.last_delay = delay;
    const auto recent = std::count_if(books_.outages.begin(), books_.outages.end(),
                                      [&](SteadyTime at) { return at >= now() - seconds(60); });
    story_.expect(before == BreakerState::half_open || recent >= 5,
                  "a breaker opens after five failures of a minute");
}

void HealthWorld::end_call(const CallUnderWay& call) {
    books_.trial_out = books_.trial_out && !call.trial;
    const char* const failure = draw_failure();
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(call.ends - call.began);
    books_.calls.push_back(now());
    if (failure == nullptr) {
        window_.add(CallWindow::CallOutcome::answered, took, now());
        note_answer(call.began);
        return;
    }
    const Error error = error_with(failure);
    window_.add(CallWindow::outcome_of(class_of_code(error.code)), took, now());
    note_failure(error, call.began);
}

void HealthWorld::end_calls() {
    const auto over = [&](const CallUnderWay& call) { return call.ends <= now(); };
    for (const CallUnderWay& call : under_way_) {
        if (over(call)) {
            end_call(call);
        }
    }
    std::erase_if(under_way_, over);
}

void HealthWorld::say_text() {
    constexpr std::array<const char*, 3> texts = {"401 Unauthorized", "connect ECONNREFUSED",
                                                  "all is well"};
    text_.add(random_.percent(50) ? TextOrigin::log_line : TextOrigin::tool_error,
              random_.one_of(texts), wall());
    step("a line of text");
}

void HealthWorld::collect() {
    facts_.refused_credential = evidence_.real().refused();
    facts_.outage = evidence_.real().outage(now());
    facts_.blocked = evidence_.real().blocked();
    facts_.suspected_auth = text_.suspected_auth(wall());
    facts_.suspected_downstream = text_.suspected_downstream(wall());
    facts_.breakers.clear();
    if (breaker_.state(now()) != BreakerState::closed) {
        facts_.breakers.push_back(breaker_.fact(wall(), now()));
    }
    const CallCounts recent = window_.recent(now());
    facts_.calls_recent = recent.calls;
    facts_.calls_recent_failed = recent.failed;
}

// What is judged must follow from what was fed in, and never be better than what is known.
void HealthWorld::check_judged(const Health& raw) {
    const BreakerState state = breaker_.state(now());
    const bool held = state == BreakerState::open || state == BreakerState::half_open;
    const auto recent = std::count_if(books_.outages.begin(), books_.outages.end(),
                                      [&](SteadyTime at) { return at >= now() - seconds(60); });
    story_.expect(raw.word != HealthWord::auth_failed || books_.refusals_in_row >= 3,
                  "auth_failed needs three refusals in a row");
    story_.expect(raw.word != HealthWord::downstream_outage || held || recent >= 5,
                  "an outage needs five failures of a minute, none of them text or our own");
    HealthWord worst = HealthWord::healthy;
    const auto known = [&](bool is_true, HealthWord word) {
        worst = is_true && health_rank(word) < health_rank(worst) ? word : worst;
    };
    known(held, HealthWord::downstream_outage);
    known(facts_.refused_credential.has_value(), HealthWord::auth_failed);
    known(facts_.phase == HealthPhase::stopped, HealthWord::stopped);
    known(facts_.phase == HealthPhase::waiting, HealthWord::unhealthy);
    known(facts_.phase == HealthPhase::ready && facts_.liveness.failures_in_row >= 3 &&
              !facts_.liveness.busy,
          HealthWord::unhealthy);
    story_.expect(health_rank(raw.word) <= health_rank(worst),
                  "the worst true word is the one said");
}

void HealthWorld::check_shown(HealthWord before, HealthWord raw, HealthWord shown) {
    if (is_judged_word(raw)) {
        if (books_.last_judged && *books_.last_judged != raw) {
            books_.turns.push_back(wall());
        }
        books_.last_judged = raw;
    }
    if (books_.turns.size() > flapping_count) {
        books_.turns.pop_front();
    }
    const bool flaps =
        books_.turns.size() == flapping_count && books_.turns.front() > wall() - minutes(10);
    story_.expect(!flaps || shown != HealthWord::healthy, "what flaps is not shown as healthy");
    story_.expect(health_rank(shown) <= health_rank(raw), "what gets worse is shown at once");
    const bool damped = is_judged_word(before) && is_judged_word(raw) &&
                        before != HealthWord::degraded && before != HealthWord::healthy &&
                        raw != HealthWord::auth_failed;
    if (health_rank(raw) <= health_rank(before)) {
        books_.last_not_better = wall();
    }
    const bool better = damped && health_rank(shown) > health_rank(before);
    story_.expect(!better || wall() - books_.last_not_better >= seconds(10),
                  "an improvement is shown after 10 s of it");
    const bool held = breaker_.state(now()) == BreakerState::open;
    story_.expect(!held || health_rank(shown) <= health_rank(HealthWord::downstream_outage),
                  "the health shown is the health that calls meet");
}

void HealthWorld::check_window() {
    const auto within = [&](seconds age) {
        const auto inside = std::count_if(books_.calls.begin(), books_.calls.end(),
                                          [&](SteadyTime at) { return at > now() - age; });
        return static_cast<std::uint64_t>(inside);
    };
    while (!books_.calls.empty() && books_.calls.front() < now() - minutes(6)) {
        books_.calls.pop_front();
    }
    story_.expect(facts_.calls_recent >= within(seconds(240)) &&
                      facts_.calls_recent <= within(seconds(300)) + 1,
                  "recent calls are those of the last five minutes");
}

void HealthWorld::look() {
    collect();
    while (!books_.outages.empty() && books_.outages.front() < now() - minutes(2)) {
        books_.outages.pop_front();
    }
    const Health raw = judge_.judge(facts_, wall());
    check_judged(raw);
    const HealthWord before = shown_;
    const HealthWord judged = raw.word;
    shown_ = tracker_.update(raw, wall()).word;
    if (shown_ != before) {
        step("shows", static_cast<std::int64_t>(shown_));
    }
    check_shown(before, judged, shown_);
}

void HealthWorld::run() {
    for (int left = random_.between(50, 400); left > 0; --left) {
        passed_ += random_.time_between(50, step_max_ms_);
        if (random_.percent(4)) {
            change_mood();
        }
        if (random_.percent(nervous_ ? 20 : 3)) {
            change_process();
        }
        if (random_.percent(10)) {
            say_text();
        }
        begin_calls();
        end_calls();
        look();
    }
    check_window();
}

} // namespace

void run_health(std::uint64_t seed, HealthBug bug, Story& story) {
    HealthWorld world(seed, bug, story);
    world.run();
}

} // namespace gatehouse::simulation
