// The daemon as a whole: reads the configuration, wires every part (the composition root), runs
// until SIGTERM or SIGINT, drains, and leaves no process behind.
#pragma once

#include <filesystem>

namespace gatehouse::gateway {

// The exit code of `gatehouse serve`: 0 after an orderly stop, 1 if it could not start, 9 for a
// refused configuration. Prints "gatehouse: listening on URL" and "gatehouse: ready" on stdout.
int run_daemon(const std::filesystem::path& config_file);

} // namespace gatehouse::gateway
