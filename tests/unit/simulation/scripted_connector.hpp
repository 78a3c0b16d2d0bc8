// A connector at the other ends of a session's pipes, in the same loop, that misbehaves as its
// seed says. It answers with the tag of the call that it answers, so that an answer that went
// astray can be told.
#pragma once

#include "runtime/base/task_group.hpp"
#include "runtime/base/unique_fd.hpp"
#include "runtime/supervisor/change_signal.hpp"
#include "tests/unit/simulation/story.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace gatehouse::simulation {

// Shares in percent, times in milliseconds; drawn once.
struct Manners {
    int answer_max_ms = 200;
    int silent = 0; // never answered
    int late = 0;   // answered after a minute
    int twice = 0;
    int unknown_id = 0;
    int garbage = 0;
    int error = 10;
    int pieces = 30;          // pauses between pieces of its output
    milliseconds dies_at{-1}; // -1: not by itself
    bool dies_mid_line = false;
    milliseconds deaf_from{-1}; // reads nothing from then on …
    milliseconds deaf_for{0};   // … for so long
    bool swaps_ids = false;     // the planted bug
};

Manners draw_manners(Random& random);

class ScriptedConnector {
  public:
    struct Ends {
        UniqueFd input;
        UniqueFd output;
    };
    ScriptedConnector(Executor executor, Ends ends, Manners manners, Random& random);

    // On the loop, in the group; each ends when the session closed its side.
    void start(TaskGroup& group);

    std::function<void(int tag)> on_call; // a call was read whole
    std::function<void()> on_death;
    const std::string& received() const { return all_received_; }

  private:
    static Task<void> read(ScriptedConnector& self);
    static Task<void> write(ScriptedConnector& self);
    static Task<void> die(ScriptedConnector& self);
    static Task<void> answer(ScriptedConnector& self, std::string id, int tag, milliseconds delay);
    static Task<void> pause(ScriptedConnector& self, milliseconds time);
    void accept(const std::string& line);
    void say(const std::string& line);
    std::string answer_line(const std::string& id, int tag);
    bool dead() const { return dead_; }

    Executor executor_;
    asio::posix::stream_descriptor input_;
    asio::posix::stream_descriptor output_;
    Manners manners_;
    Random& random_;
    TaskGroup* group_ = nullptr;
    runtime::ChangeSignal said_;
    std::string held_;
    std::string all_received_;
    std::string to_say_;
    std::string last_id_; // for the planted bug
    bool dead_ = false;
    bool input_over_ = false;
};

} // namespace gatehouse::simulation
