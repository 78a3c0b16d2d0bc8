// RemoteSlot: a slot whose instances are sessions with a server elsewhere. Nothing runs here: an
// instance begins with its handshake and ends with its session.
#pragma once

#include "runtime/supervisor/lifecycle_slot.hpp"

namespace gatehouse::runtime {

class RemoteSlot final : public LifecycleSlot {
  public:
    using LifecycleSlot::LifecycleSlot;
    ~RemoteSlot() override;

  private:
    Result<void> prepare_launch() override;
    Task<Result<void>> launch_instance() override;
    void end_politely(Instance& instance) override;
    milliseconds polite_wait() const override;
    void terminate(Instance& instance) override;
    void kill(Instance& instance) override;
    bool gives_up() const override { return false; }
    EndClass judge_end(const Instance& instance, const EndContext& context) const override;
    std::string end_text(const Instance& instance) const override;
    ExitEvidence exit_of(const Instance& instance) const override;
    Error silence_error(const Instance& instance) const override;
    std::string what() const override;

    std::optional<HttpTarget> target_;
    std::vector<HttpSecretHeader> headers_;
};

} // namespace gatehouse::runtime
