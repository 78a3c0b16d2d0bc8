#include "runtime/supervisor/liveness.hpp"

#include "runtime/base/units.hpp"

namespace gatehouse::runtime {

std::string_view to_text(LivenessVerdict verdict) {
    constexpr std::string_view words[] = {"alive", "failing", "busy", "dead"};
    return words[static_cast<std::size_t>(verdict)];
}

bool Liveness::progressed(const LivenessSample& now) const {
    const bool answered = now.answered > last_.answered;
    const bool talks = now.in_flight > 0 && now.received > last_.received;
    return answered || talks;
}

bool Liveness::worked_since(const LivenessSample& sample, SteadyTime now) const {
    if (sample.received > last_.received || sample.logged > last_.logged) {
        return true;
    }
    if (sample.cpu_ms <= last_.cpu_ms) {
        return false;
    }
    const auto passed = std::chrono::duration<double, std::milli>(now - last_look_).count();
    return static_cast<double>(sample.cpu_ms - last_.cpu_ms) >= busy_cpu_share * passed;
}

LivenessVerdict Liveness::on_alive(const LivenessSample& sample, WallTime at, SteadyTime now) {
    last_ = sample;
    last_look_ = now;
    facts_ = LivenessFacts();
    facts_.last_ok = at;
    verdict_ = LivenessVerdict::alive;
    return verdict_;
}

LivenessVerdict Liveness::on_silence(const LivenessSample& sample, WallTime at, SteadyTime now) {
    facts_.busy = worked_since(sample, now);
    last_ = sample;
    last_look_ = now;
    ++facts_.failures_in_row;
    facts_.failing_since = facts_.failing_since.value_or(at);
    facts_.last_error = Error{
        "GH-P307", "the connector does not answer", "",
        std::to_string(facts_.failures_in_row) + " probes in a row got no answer within " +
            duration_text(spec_.timeout) + (facts_.busy ? ", though it works" : ""),
        "look at what it does; health.liveness in its manifest says how long it may be silent"};
    const int patience = spec_.failures * (facts_.busy ? busy_patience : 1);
    if (facts_.failures_in_row >= patience) {
        verdict_ = LivenessVerdict::dead;
    } else {
        verdict_ = facts_.busy ? LivenessVerdict::busy : LivenessVerdict::failing;
    }
    return verdict_;
}

} // namespace gatehouse::runtime
