#!/usr/bin/env bash
# Installs, builds, and runs every test. Arguments go to ctest, e.g. scripts/test.sh -R unit_.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/build.sh --tests
exec ctest --test-dir build --output-on-failure -j 2 "$@"
