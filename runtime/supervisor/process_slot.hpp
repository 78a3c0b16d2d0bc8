// ProcessSlot: a slot whose instances are child processes in their sandbox, spoken to over stdin
// and stdout, or over HTTP to a port inside of the sandbox.
#pragma once

#include "runtime/supervisor/lifecycle_slot.hpp"
#include "sandbox/plan.hpp"

namespace gatehouse::runtime {

class ProcessSlot final : public LifecycleSlot {
  public:
    using LifecycleSlot::LifecycleSlot;
    ~ProcessSlot() override;

  private:
    Result<void> prepare_launch() override;
    Task<Result<void>> launch_instance() override;
    milliseconds polite_wait() const override;
    void terminate(Instance& instance) override;
    void kill(Instance& instance) override;
    EndClass judge_end(const Instance& instance, const EndContext& context) const override;
    std::string end_text(const Instance& instance) const override;
    std::string what() const override;

    Result<sandbox::LaunchPlan> make_launch_plan();
    void begin_instance(std::unique_ptr<sandbox::ChildProcess> child);
    Task<void> watch_child(std::shared_ptr<Instance> instance);

    std::optional<sandbox::LaunchPlan> plan_;
};

} // namespace gatehouse::runtime
