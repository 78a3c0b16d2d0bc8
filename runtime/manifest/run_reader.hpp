// Readers of the `run` and `restart` parts of a connector manifest. Part of the catalogue.
#pragma once

#include "runtime/manifest/connector_spec.hpp"
#include "runtime/manifest/field.hpp"

#include <string>

namespace gatehouse::runtime {

// The run part, with its unknown keys reported once.
MapFields run_fields(const Field& run);
// Reads spec.command, env, instances, timeouts, concurrency and validate; spec.transport and
// source_dir are read before.
void read_run(const MapFields& run, ConnectorSpec& spec);
void read_restart(const Field& restart, RestartSpec& spec);

// Why a connector may not be given a variable of that name (PATH and LD_* are the sandbox's);
// empty: it may.
std::string env_name_problem(const std::string& name);
constexpr const char* env_name_hint =
    "Use letters, digits and '_', not starting with a digit; not PATH, not LD_*";

// The time that `failures` failures take at least, if each comes at once: the sum of the delays
// between them, without jitter. The supervisor can only count them all if this fits into the
// window.
std::chrono::milliseconds shortest_failure_series(const RestartSpec& spec);

} // namespace gatehouse::runtime
