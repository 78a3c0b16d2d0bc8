"""smoke.py BUILD: the load generator against the bridge for a moment; every answer is checked."""

import json
import subprocess
import sys


def main(build):
    bridge = subprocess.Popen([f"{build}/bin/bench_bridge", f"{build}/connectors/echo/echo"],
                              stdout=subprocess.PIPE, text=True)
    try:
        url = bridge.stdout.readline().split()[-1] + "/mcp"
        for params, flags in (
            ({"name": "echo", "arguments": {"text": "x" * 100}}, ["--in-flight", "16"]),
            ({"name": "blob", "arguments": {"bytes": 1_000_000}}, ["--answer-min-bytes", "1000000"]),
            ({"name": "report", "arguments": {"text": "x" * 100}, "_meta": {"progressToken": "t"}},
             ["--in-flight", "16", "--progress", "1"]),
        ):
            done = subprocess.run([f"{build}/bin/bench_load", "--url", url, "--params", json.dumps(params),
                                   "--duration-ms", "300", "--warm-up-ms", "50", *flags],
                                  capture_output=True, text=True, timeout=40)
            print(done.stdout, done.stderr)
            if done.returncode != 0 or json.loads(done.stdout)["errors"] != 0:
                return 1
        # A refusal must count as an error, and so must a missing report.
        for params, flags in (('{"name":"nothing"}', []), ('{"name":"report","arguments":{"text":"x"}}', ["--progress", "1"])):
            wrong = subprocess.run([f"{build}/bin/bench_load", "--url", url, "--params", params, "--duration-ms", "100",
                                    "--warm-up-ms", "0", *flags], capture_output=True, text=True, timeout=40)
            if wrong.returncode != 1:
                return 1
        return 0
    finally:
        bridge.terminate()
        bridge.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
