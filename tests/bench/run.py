"""run.py BUILD [--rounds N] [--duration-ms N]: all subjects in turn, round after round; writes RESULTS.md.

The rounds are interleaved so that what else the machine does hits every subject alike; the figures are the
medians over the rounds, and only the ratios mean something on another machine.
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys

from subjects import ROOT, Bridge, Daemon, Legacy, Modern, cpu_seconds, rss_mib

# (tool, arguments, least size of an answer, notifications of progress before it)
SMALL = ("echo", {"text": "x" * 100}, 0, 0)
STREAM = ("report", {"text": "x" * 100}, 0, 1)
LARGE = ("blob", {"bytes": 1_000_000}, 1_000_000, 0)
CASES = [("1 in flight", SMALL, 1), ("16 in flight", SMALL, 16), ("64 in flight", SMALL, 64),
         ("1 in flight, as an event stream", STREAM, 1), ("16 in flight, as event streams", STREAM, 16),
         ("64 in flight, as event streams", STREAM, 64),
         ("1 MB results, 1 in flight", LARGE, 1)]


def measure(build, subject, work, in_flight, duration_ms):
    tool, arguments, min_bytes, progress = work
    name = subject.prefix + tool
    params = {"name": name, "arguments": arguments, **subject.meta()}
    if progress:
        params["_meta"] = {**params.get("_meta", {}), "progressToken": "bench"}
    command = [f"{build}/bin/bench_load", "--url", subject.url, "--in-flight", str(in_flight),
               "--duration-ms", str(duration_ms), "--answer-min-bytes", str(min_bytes),
               "--progress", str(progress), "--params", json.dumps(params, separators=(",", ":"))]
    for header in subject.headers(name):
        command += ["--header", header]
    before = cpu_seconds(subject.pid)
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise RuntimeError(f"{subject.name}, {tool}, {in_flight} in flight: {done.stdout}{done.stderr}")
    result = json.loads(done.stdout)
    # The warm-up's calls cost CPU too and are not counted: scale by the time.
    whole = result["seconds"] + 0.3
    result["cpu_us"] = (cpu_seconds(subject.pid) - before) * 1e6 / (result["calls_per_s"] * whole)
    return result


def medians(results):
    return {key: statistics.median(r[key] for r in results) for key in results[0]}


def machine():
    model = next((line.split(":")[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    commit = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"],
                            capture_output=True, text=True).stdout.strip()
    return f"{os.cpu_count()} cores, {model}, Linux {platform.release()}, commit {commit or 'unknown'}, "


def small_table(title, rows):
    yield f"## {title}"
    yield ""
    yield "| way | calls/s | × bridge | p50 | p99 | CPU per call |"
    yield "|---|---|---|---|---|---|"
    limit = rows[0][1]["calls_per_s"]
    for name, row in rows:
        yield (f"| {name} | {row['calls_per_s']:,.0f} | {row['calls_per_s'] / limit:.2f} | {row['p50_us']:.0f} µs "
               f"| {row['p99_us']:.0f} µs | {row['cpu_us']:.1f} µs |")
    yield ""


def large_table(title, rows):
    yield f"## {title}"
    yield ""
    yield "| way | results/s | MB/s | × bridge | p50 | p99 | CPU per call |"
    yield "|---|---|---|---|---|---|---|"
    limit = rows[0][1]["bytes_per_s"]
    for name, row in rows:
        yield (f"| {name} | {row['calls_per_s']:,.0f} | {row['bytes_per_s'] / 1e6:,.0f} "
               f"| {row['bytes_per_s'] / limit:.2f} | {row['p50_us']:.0f} µs | {row['p99_us']:.0f} µs "
               f"| {row['cpu_us']:.0f} µs |")
    yield ""


def write_results(table, subjects, options, memory, load):
    lines = ["# Speed, as measured", "",
             f"`scripts/bench.sh`, {options.rounds} interleaved rounds of {options.duration_ms} ms, medians. {machine()}"
             f"load average at the start {load:.1f} (over 0.5: other work ran beside, take the figures with care).", "",
             "The load generator, the server and the C++ echo connector share the cores. *Bare bridge* is HTTP to stdio with",
             "nothing in between (`bridge.cpp`): the limit. Gatehouse runs with everything on: token, audience, 100 policy rules,",
             "argument check, journal (`process`), sandbox. Calls carry 100 bytes. CPU is that of the server's process alone.",
             "An answer *as an event stream* is one notification of progress and then the result, which the bridge streams too.", ""]
    for title, work, in_flight in CASES:
        rows = [(s.name, medians(table[title, s.name])) for s in subjects]
        lines += large_table(title, rows) if work is LARGE else small_table(title, rows)
    lines.append("Resident memory after the run: " + ", ".join(f"{name} {mib:.1f} MiB" for name, mib in memory) + ".")
    text = "\n".join(lines) + "\n"
    (ROOT / "tests/bench/RESULTS.md").write_text(text)
    print(text)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--duration-ms", type=int, default=2000)
    options = parser.parse_args()
    build = options.build.resolve()
    load = os.getloadavg()[0]
    bridge = Bridge(build)
    try:
        daemon = Daemon(build)
        try:
            subjects = [bridge, Legacy(daemon), Modern(daemon)]
            table = {}
            for number in range(options.rounds):
                for title, work, in_flight in CASES:
                    for subject in subjects:
                        result = measure(build, subject, work, in_flight, options.duration_ms)
                        table.setdefault((title, subject.name), []).append(result)
                        print(f"round {number + 1}: {title}: {subject.name}: {result['calls_per_s']:,.0f}/s",
                              file=sys.stderr)
            memory = [("bridge", rss_mib(bridge.pid)), ("gatehouse", rss_mib(daemon.pid))]
            write_results(table, subjects, options, memory, load)
        finally:
            daemon.stop()
    finally:
        bridge.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
