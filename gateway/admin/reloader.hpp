// Reloader: reads the gateway file and the manifests again and applies what changed, touching
// nothing else. The composition root implements it; the admin API asks for it.
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/base/task.hpp"

#include <string>
#include <vector>

namespace gatehouse::gateway {

struct ReloadReport {
    std::vector<std::string> added, changed, removed, unchanged; // names of connectors, sorted
    std::vector<std::string> notes; // what needs a restart of the daemon, one sentence each
};

class Reloader {
  public:
    virtual ~Reloader() = default;
    // All or nothing: with a configuration that is refused (GH-C5xx, all its problems in `why`, a
    // line each) what runs stays as it is.
    virtual Task<Result<ReloadReport>> reload() = 0;
};

} // namespace gatehouse::gateway
