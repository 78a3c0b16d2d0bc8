"""MCP servers that each break one rule, for the tests of the daemon. Standard library only.

`server.py MODE`; every mode that gets as far as a handshake offers the tools `ok` (answers properly) and
`bad` (does what the mode is named after). See MODES.
"""

import json
import os
import sys
import time

MODES = {
    "exit_at_once": "ends with code 3 before it reads anything",
    "exit_mid_call": "ends with code 3 after it has read the call of `bad`, without an answer",
    "never_answers": "keeps silent about `bad`, goes on with the rest",
    "unknown_id": "answers `bad` twice under ids that nobody asked for, then properly",
    "garbage_stdout": "prints lines that are no JSON-RPC at start and before the answer of `bad`",
    "flood_stderr": "writes 64 MiB to stderr while it serves `bad`, then answers",
    "slow_start": "waits MISBEHAVE_MS (default 3000) before it answers `initialize`",
    "big_result": "answers `bad` with a text of MISBEHAVE_BYTES (default 8 MiB)",
    "huge_line": "answers `bad` with a line of 100 MiB",
    "silent_start": "never answers `initialize`",
    "ignores_stop": "ignores SIGTERM and the end of stdin",
}
VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
SCHEMA = {"type": "object", "properties": {}, "additionalProperties": True}
TOOLS = [
    {"name": "ok", "description": "Answers properly.", "inputSchema": SCHEMA},
    {"name": "bad", "description": "Breaks the rule of this mode.", "inputSchema": SCHEMA},
]


def number(name, default):
    return int(os.environ.get(name, default))


def write(text):
    sys.stdout.buffer.write(text.encode() + b"\n")
    sys.stdout.buffer.flush()


def answer(request_id, result):
    write(json.dumps({"jsonrpc": "2.0", "id": request_id, "result": result}))


def text(value):
    return {"content": [{"type": "text", "text": value}]}


def garbage():
    sys.stdout.buffer.write(b"Server listening, have fun!\n\x1b[31mred\x1b[0m\n\xff\xfe\x00\n")
    sys.stdout.buffer.write(b'{"jsonrpc":"2.0",\n[1,2,3]\n"text"\n{"no":"rpc"}\n\n')
    sys.stdout.buffer.flush()


def flood_stderr(request_id):
    block = b"flood " * 170 + b"\n"
    for _ in range(64 * 1024 * 1024 // len(block)):
        sys.stderr.buffer.write(block)
    sys.stderr.buffer.flush()
    answer(request_id, text("flooded"))


def bad(mode, request_id):
    if mode == "exit_mid_call":
        os._exit(3)
    if mode == "never_answers":
        return
    if mode == "unknown_id":
        answer(987654321, text("for nobody"))
        answer("no-such-id", text("for nobody"))
    if mode == "garbage_stdout":
        garbage()
    if mode == "flood_stderr":
        return flood_stderr(request_id)
    if mode == "big_result":
        return answer(request_id, text("x" * number("MISBEHAVE_BYTES", 8 << 20)))
    if mode == "huge_line":
        return answer(request_id, text("x" * (100 << 20)))
    answer(request_id, text(f"{mode} done"))


def initialize(mode, message):
    if mode == "slow_start":
        time.sleep(number("MISBEHAVE_MS", 3000) / 1000)
    if mode == "silent_start":
        return
    asked = message.get("params", {}).get("protocolVersion")
    answer(message["id"], {
        "protocolVersion": asked if asked in VERSIONS else VERSIONS[0],
        "capabilities": {"tools": {}},
        "serverInfo": {"name": f"misbehave-{mode}", "version": "0.1.0"},
    })


def serve(mode, message):
    method = message.get("method")
    if method == "initialize":
        return initialize(mode, message)
    if method == "ping":
        return answer(message["id"], {})
    if method == "tools/list":
        return answer(message["id"], {"tools": TOOLS})
    if method == "tools/call" and message["params"].get("name") == "ok":
        return answer(message["id"], text("ok"))
    if method == "tools/call" and message["params"].get("name") == "bad":
        return bad(mode, message["id"])
    write(json.dumps({"jsonrpc": "2.0", "id": message["id"],
                      "error": {"code": -32601, "message": "method not found"}}))


def main(mode):
    if mode == "exit_at_once":
        print("misbehave: I end at once", file=sys.stderr, flush=True)
        return 3
    if mode == "garbage_stdout":
        garbage()
    if mode == "ignores_stop":
        import signal
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print(f"misbehave: mode {mode}", file=sys.stderr, flush=True)
    for line in sys.stdin.buffer:
        message = json.loads(line)
        if "id" in message and "method" in message:
            serve(mode, message)
    while mode == "ignores_stop":
        time.sleep(3600)
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in MODES:
        print("usage: server.py MODE, one of:", file=sys.stderr)
        for name, what in MODES.items():
            print(f"  {name:15} {what}", file=sys.stderr)
        sys.exit(2)
    sys.exit(main(sys.argv[1]))
