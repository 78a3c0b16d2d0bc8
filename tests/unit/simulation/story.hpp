// What every simulated world has in common: chance that comes from a seed, a story of what happened
// (the last steps of it), and the search for a seed under which an invariant breaks.
//
// GATEHOUSE_SIM_SEED=n runs that seed alone; GATEHOUSE_SIM_FACTOR=k runs k times as many.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace gatehouse::simulation {

using std::chrono::milliseconds;

// SplitMix64: small, fast, and the same everywhere.
class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15ULL + 1) {}

    std::uint64_t next() {
        std::uint64_t value = (state_ += 0x9e3779b97f4a7c15ULL);
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
        value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
        return value ^ (value >> 31);
    }
    // Uniform in [0, 1).
    double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
    // Both ends included.
    int between(int least, int most) {
        const auto span = static_cast<std::uint64_t>(most - least) + 1;
        return least + static_cast<int>(next() % span);
    }
    bool percent(int share) { return between(0, 99) < share; }
    milliseconds time_between(int least_ms, int most_ms) {
        return milliseconds(between(least_ms, most_ms));
    }
    template <class Value, std::size_t count>
    const Value& one_of(const std::array<Value, count>& values) {
        return values[static_cast<std::size_t>(between(0, static_cast<int>(count) - 1))];
    }

  private:
    std::uint64_t state_;
};

// `what` is a literal: a step costs nothing until somebody reads it.
struct Step {
    milliseconds at{0};
    const char* what = "";
    std::int64_t who = 0;
    std::int64_t detail = 0;
};

class Story {
  public:
    static constexpr std::size_t kept_count = 50;

    void step(milliseconds at, const char* what, std::int64_t who = 0, std::int64_t detail = 0) {
        if (!broken_) {
            steps_[told_++ % kept_count] = Step{at, what, who, detail};
        }
    }
    // Only the first counts: what follows a broken invariant proves nothing.
    void broken(const std::string& invariant) {
        if (!broken_) {
            broken_ = invariant;
        }
    }
    void expect(bool holds, const char* invariant) {
        if (!holds) {
            broken(invariant);
        }
    }
    const std::optional<std::string>& broken() const { return broken_; }
    std::size_t told_count() const { return told_; }
    std::string last_steps() const;

  private:
    std::array<Step, kept_count> steps_;
    std::size_t told_ = 0;
    std::optional<std::string> broken_;
};

using World = std::function<void(std::uint64_t seed, Story& story)>;

struct Finding {
    std::uint64_t seed = 0;
    std::string text; // the invariant, how to replay, the last steps
    std::string invariant;
};

struct SeedRange {
    std::uint64_t first = 1;
    std::uint64_t count = 1;
};

// The first seed of the range under which the world breaks an invariant.
std::optional<Finding> find_broken(const World& world, SeedRange seeds);
// For the tests that everything holds: as the environment asks.
SeedRange seeds_to_run(SeedRange usual);

} // namespace gatehouse::simulation
