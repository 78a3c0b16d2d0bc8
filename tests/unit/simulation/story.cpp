#include "tests/unit/simulation/story.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>

namespace gatehouse::simulation {

namespace {

// Of the world that runs: an assert of the product ends the program, and its seed must be known.
const Story* story_running = nullptr;
std::uint64_t seed_running = 0;

std::string replay_text(std::uint64_t seed) {
    return "replay with GATEHOUSE_SIM_SEED=" + std::to_string(seed);
}

void tell_of_abort(int) {
    if (story_running != nullptr) {
        std::fprintf(stderr, "aborted in the simulation; %s\n%s\n",
                     replay_text(seed_running).c_str(), story_running->last_steps().c_str());
    }
    std::signal(SIGABRT, SIG_DFL);
    std::abort();
}

class Running {
  public:
    Running(std::uint64_t seed, const Story& story) : before_(std::signal(SIGABRT, tell_of_abort)) {
        seed_running = seed;
        story_running = &story;
    }
    ~Running() {
        story_running = nullptr;
        std::signal(SIGABRT, before_);
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

  private:
    void (*before_)(int);
};

std::optional<std::uint64_t> number_in_environment(const char* name) {
    const char* const text = std::getenv(name);
    return text == nullptr ? std::nullopt : std::optional(std::strtoull(text, nullptr, 10));
}

} // namespace

std::string Story::last_steps() const {
    std::string text;
    const std::size_t first = told_ > kept_count ? told_ - kept_count : 0;
    for (std::size_t at = first; at < told_; ++at) {
        const Step& step = steps_[at % kept_count];
        text += "  " + std::to_string(step.at.count()) + " ms: " + step.what + " " +
                std::to_string(step.who) + " " + std::to_string(step.detail) + "\n";
    }
    return text;
}

std::optional<Finding> find_broken(const World& world, SeedRange seeds) {
    for (std::uint64_t seed = seeds.first; seed < seeds.first + seeds.count; ++seed) {
        Story story;
        {
            const Running running(seed, story);
            world(seed, story);
        }
        if (story.broken()) {
            Finding finding{seed, "", *story.broken()};
            finding.text = finding.invariant + "; " + replay_text(seed) + "; the last steps:\n" +
                           story.last_steps();
            return finding;
        }
    }
    return std::nullopt;
}

SeedRange seeds_to_run(SeedRange usual) {
    if (const auto seed = number_in_environment("GATEHOUSE_SIM_SEED")) {
        return {*seed, 1};
    }
    usual.count *= number_in_environment("GATEHOUSE_SIM_FACTOR").value_or(1);
    return usual;
}

} // namespace gatehouse::simulation
