// InstanceIds: numbers of instances that are never used twice, also over restarts of the daemon, so
// that logs and crash records of different runs are not mixed up. A block is reserved on disk
// before its first number is given out.
#pragma once

#include "runtime/base/ids.hpp"

#include <cstdint>
#include <filesystem>

namespace gatehouse::runtime {

class InstanceIds {
  public:
    static constexpr std::uint64_t block_size = 1'000;
    // An empty path keeps nothing: the numbers begin at 1.
    explicit InstanceIds(std::filesystem::path file);
    // If the disk fails, it is logged and the numbers go on.
    InstanceId next();

  private:
    std::filesystem::path file_;
    std::uint64_t last_ = 0;
    std::uint64_t reserved_ = 0; // up to and with this one
};

} // namespace gatehouse::runtime
