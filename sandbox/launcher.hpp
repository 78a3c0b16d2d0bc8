// Launcher: turns a LaunchPlan into a running ChildProcess. Forks nothing itself: posix_spawn of
// gatehouse-jail with an empty environment, the plan over a memfd (reasons: ARCHITECTURE.md).
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/base/task.hpp"
#include "sandbox/child_process.hpp"
#include "sandbox/plan.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace gatehouse::sandbox {

class Launcher {
  public:
    // jail_path: the gatehouse-jail binary. Compiles the seccomp filter once.
    static Result<std::unique_ptr<Launcher>> make(Executor executor,
                                                  std::filesystem::path jail_path);
    ~Launcher();

    // Completes when the connector's exec is reported ok, or with the failed step: GH-P305 for exec
    // (ENOENT, EACCES, ENOEXEC …), GH-S610 for a step of the sandbox, GH-P306 past the deadline.
    // On error nothing of the child is left.
    Task<Result<std::unique_ptr<ChildProcess>>> launch(LaunchPlan plan,
                                                       std::chrono::milliseconds deadline);

  private:
    struct Impl;
    explicit Launcher(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace gatehouse::sandbox
