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
    void end_politely(Instance& instance) override;
    milliseconds polite_wait() const override;
    void terminate(Instance& instance) override;
    void kill(Instance& instance) override;
    EndClass judge_end(const Instance& instance, const EndContext& context) const override;
    std::string end_text(const Instance& instance) const override;
    ExitEvidence exit_of(const Instance& instance) const override;
    Error silence_error(const Instance& instance) const override;
    std::string what() const override;

    bool polite_end_done(const Instance& instance) const override;
    Task<Result<void>> reach(std::shared_ptr<Instance> instance, milliseconds deadline) override;

    bool over_http() const { return spec().transport == Transport::http; }
    void begin_instance(std::unique_ptr<sandbox::ChildProcess> child);
    void begin_session(const std::shared_ptr<Instance>& instance);
    std::unique_ptr<StderrCapture> capture_lines(UniqueFd pipe, InstanceId id);
    Task<void> watch_child(std::shared_ptr<Instance> instance);

    std::optional<sandbox::LaunchPlan> plan_;
    std::vector<HttpSecretHeader> headers_;
};

} // namespace gatehouse::runtime
