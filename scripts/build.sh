#!/usr/bin/env bash
# Installs what is missing and builds the release into build/. With --tests also the test clients.
# Idempotent: a second run on the same tree takes seconds.
set -euo pipefail
cd "$(dirname "$0")/.."

with_tests=no
for argument in "$@"; do
    case $argument in
        --tests) with_tests=yes ;;
        *) echo "usage: scripts/build.sh [--tests]" >&2; exit 2 ;;
    esac
done

step() { echo "== $*" >&2; }

install_packages() {
    local wanted missing=()
    mapfile -t wanted < <(grep -v '^#' scripts/packages.txt)
    command -v node >/dev/null || wanted+=(nodejs)
    command -v npm >/dev/null || wanted+=(npm)
    for package in "${wanted[@]}"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok' || missing+=("$package")
    done
    if [ ${#missing[@]} -eq 0 ]; then
        return
    fi
    step "installing ${missing[*]}"
    local as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo)
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}

# npm ci, unless the folder already holds exactly this lock.
npm_install() {
    local folder=$1 stamp=$1/node_modules/.lock-installed
    if cmp -s "$folder/package-lock.json" "$stamp"; then
        return
    fi
    step "npm ci in $folder"
    (cd "$folder" && npm ci --loglevel=error >&2)
    cp "$folder/package-lock.json" "$stamp"
}

install_packages
npm_install connectors/npm
if [ $with_tests = yes ]; then
    npm_install tests/clients
fi
step "configuring and building build/"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
cmake --preset release -DBUILD_TESTING=$([ $with_tests = yes ] && echo ON || echo OFF) >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
cmake --build build -j "$(nproc)" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
tail -n 1 "$log" >&2
