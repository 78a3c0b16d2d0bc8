// InputRest: a call's deadline rests while the client is asked something, because the time a person
// takes to answer is not the connector's. Pure; used by the sessions of both transports.
#pragma once

#include "runtime/base/clock.hpp"

#include <algorithm>
#include <chrono>

namespace gatehouse::runtime {

// How long all questions to the client may hold up one call's deadline.
constexpr std::chrono::minutes input_wait_max{10};

class InputRest {
  public:
    // The first question is open. Returns the deadline for its answer.
    SteadyTime begin(SteadyTime deadline, SteadyTime now) {
        began_ = now;
        calls_own_left_ = std::max(deadline - now, SteadyTime::duration::zero());
        return now + left_;
    }
    // The last one is settled. Returns the call's own deadline, later by the rest.
    SteadyTime end(SteadyTime now) {
        left_ = std::max(left_ - (now - began_), SteadyTime::duration::zero());
        return now + calls_own_left_;
    }
    // What the rests that ended have left of input_wait_max.
    SteadyTime::duration left() const { return left_; }

  private:
    SteadyTime began_;
    SteadyTime::duration calls_own_left_{};
    SteadyTime::duration left_ = input_wait_max;
};

} // namespace gatehouse::runtime
