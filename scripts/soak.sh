#!/usr/bin/env bash
# The long runs: crashes, kills of the daemon, many connectors. Writes tests/soak/RESULTS.md; exits 1 if one falls short.
# `scripts/soak.sh --short` makes few rounds. BUILD names another build folder, which is then not rebuilt.
set -euo pipefail
cd "$(dirname "$0")/.."
cycles=10000 kills=100 rounds=5
if [ "${1:-}" = "--short" ]; then
    cycles=300 kills=5 rounds=2
fi
if [ -z "${BUILD:-}" ]; then
    scripts/build.sh --tests
fi
GATEHOUSE_BUILD="$(realpath "${BUILD:-build}")"
export GATEHOUSE_BUILD
node=tests/clients/node_modules/node/bin/node
result=0
"$node" tests/soak/crash_cycles.mjs --cycles "$cycles" || result=1
"$node" tests/soak/daemon_kills.mjs --kills "$kills" || result=1
"$node" tests/soak/three_hundred.mjs --rounds "$rounds" || result=1
"$node" tests/soak/report.mjs || result=1
exit "$result"
