#!/usr/bin/env bash
# From a fresh machine to a running Gatehouse with the sample connectors.
#   scripts/up.sh           builds, starts the daemon on ./data, prints how to connect; Ctrl-C ends it
#   scripts/up.sh --check   the same on free ports in a temporary folder, driven by a real MCP client, then ended
# PORT chooses the port (8080).
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
gatehouse=$root/build/bin/gatehouse
daemon=

usage() { echo "usage: [PORT=8080] scripts/up.sh [--check]" >&2; exit 2; }

# write_config DATA PORT: the example gateway file, moved to the data folder.
write_config() {
    mkdir -p "$1"
    sed -e "s|^listen:.*|listen: {client: \"127.0.0.1:$2\", admin: \"unix:admin.sock\"}|" \
        -e "s|^data:.*|data: \"$1\"|" \
        -e "s|^manifests:.*|manifests: \"$root/manifests\"|" \
        manifests/gatehouse.yaml >"$1/gatehouse.yaml"
}

stop_daemon() {
    if [ -n "$daemon" ]; then
        kill -TERM "$daemon" 2>/dev/null || true
        wait "$daemon" || true
        daemon=
    fi
}

# start_daemon DATA LOG: leaves the daemon's pid in `daemon` and its address in `endpoint`.
start_daemon() {
    local out=$1/serve.out
    : >"$out"
    "$gatehouse" serve --config "$1/gatehouse.yaml" >"$out" 2>>"$2" &
    daemon=$!
    trap 'stop_daemon' EXIT
    trap 'exit 130' INT TERM
    for _ in $(seq 600); do
        if grep -q '^gatehouse: ready' "$out"; then
            endpoint=$(sed -n 's/^gatehouse: listening on //p' "$out" | tail -n 1)
            return
        fi
        if ! kill -0 "$daemon" 2>/dev/null; then
            [ ! -f "$2" ] || cat "$2" >&2
            echo "up.sh: the daemon ended; the lines above say why" >&2
            exit 1
        fi
        sleep 0.1
    done
    echo "up.sh: the daemon was not ready after 60 s; see $out" >&2
    exit 1
}

# cli DATA ARGUMENTS…: what the command prints on stderr is shown only if it fails.
cli() {
    local data=$1 said
    shift
    if ! said=$("$gatehouse" "$@" --config "$data/gatehouse.yaml" 2>&1 >&3); then
        echo "$said" >&2
        return 1
    fi
} 3>&1

# prepare DATA: the agent `demo`, whose token is kept for the next start, and the secret of the notes.
prepare() {
    if ! cli "$1" agent list -o name | grep -qx demo || [ ! -s "$1/demo.token" ]; then
        cli "$1" agent remove demo >/dev/null 2>&1 || true
        (umask 077 && cli "$1" agent create demo >"$1/demo.token")
    fi
    token=$(cat "$1/demo.token")
    if ! cli "$1" secret list -o name | grep -qx notes-key; then
        head -c 24 /dev/urandom | base64 | tr -d '\n' | cli "$1" secret set notes-key
    fi
}

print_help() {
    cat <<EOF

Gatehouse is up.
  endpoint  $url
  token     $token
  config    $1/gatehouse.yaml

Claude Code:
  claude mcp add --transport http gatehouse $url --header "Authorization: Bearer $token"

Cursor (~/.cursor/mcp.json):
  {"mcpServers": {"gatehouse": {"url": "$url", "headers": {"Authorization": "Bearer $token"}}}}

VS Code (.vscode/mcp.json):
  {"servers": {"gatehouse": {"type": "http", "url": "$url", "headers": {"Authorization": "Bearer $token"}}}}

Look at it:
  build/bin/gatehouse ls --config $1/gatehouse.yaml
  build/bin/gatehouse logs -f notes --config $1/gatehouse.yaml

Ctrl-C ends it.
EOF
}

up() {
    local data=$root/data
    scripts/build.sh
    write_config "$data" "${PORT:-8080}"
    start_daemon "$data" /dev/stderr
    prepare "$data"
    url=$endpoint/v/demo/mcp
    print_help "$data"
    wait "$daemon"
}

check() {
    scripts/build.sh --tests
    data=$(mktemp -d)
    write_config "$data" 0
    start_daemon "$data" "$data/serve.log"
    trap 'stop_daemon; rm -rf "$data"' EXIT
    prepare "$data"
    if ! MCP_TOKEN=$token tests/clients/node_modules/node/bin/node tests/clients/check.mjs "$endpoint/v/demo/mcp"; then
        cat "$data/serve.log" >&2
        exit 1
    fi
    stop_daemon
}

case ${1:-} in
    "") up ;;
    --check) check ;;
    *) usage ;;
esac
