// DesiredState: which connectors an operator stopped. On disk, so that a stop outlives the daemon
// and only `gatehouse start` takes it back.
#pragma once

#include "runtime/base/ids.hpp"
#include "runtime/base/result.hpp"

#include <filesystem>
#include <set>

namespace gatehouse::runtime {

class DesiredState {
  public:
    // Reads the file; one that is missing says that nothing is stopped, a damaged one is logged and
    // left until the next change. An empty path keeps nothing.
    explicit DesiredState(std::filesystem::path file);

    bool stopped(const ConnectorName& name) const { return stopped_.contains(name); }
    // On disk when it returns. GH-L802 if it cannot be written; it holds for this daemon all the
    // same, and the next call tries again.
    Result<void> set_stopped(const ConnectorName& name, bool stopped);

  private:
    std::filesystem::path file_;
    std::set<ConnectorName> stopped_;
    bool kept_ = true; // the file says the same
};

} // namespace gatehouse::runtime
