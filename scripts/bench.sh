#!/usr/bin/env bash
# Measures the daemon against the bare bridge and writes tests/bench/RESULTS.md. Options go to tests/bench/run.py
# (--rounds 5, --duration-ms 2000). BUILD names another build folder, which is then not rebuilt.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -z "${BUILD:-}" ]; then
    scripts/build.sh
fi
exec /usr/bin/python3 -B tests/bench/run.py "${BUILD:-build}" "$@"
