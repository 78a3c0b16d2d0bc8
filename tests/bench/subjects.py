"""What the benchmark measures: each subject starts its server in front of an echo connector and stops it."""

import json
import os
import pathlib
import subprocess
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODERN_META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


def cpu_seconds(pid):
    """User and system time of one process so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


class Bridge:
    name = "bare bridge"
    prefix = ""

    def __init__(self, build):
        self.process = subprocess.Popen([f"{build}/bin/bench_bridge", f"{build}/connectors/echo/echo"],
                                        stdout=subprocess.PIPE, text=True)
        self.pid = self.process.pid
        self.url = self.process.stdout.readline().split()[-1] + "/mcp"

    def headers(self, _tool):
        return []

    def meta(self):
        return {}

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)


class Daemon:
    """The real daemon with everything on: token, audience, 100 rules, journal, sandbox."""

    def __init__(self, build):
        self.build = build
        self.folder = tempfile.TemporaryDirectory(prefix="gatehouse-bench-")
        folder = pathlib.Path(self.folder.name)
        folder.chmod(0o755)
        (folder / "echo.yaml").write_text(json.dumps({
            "apiVersion": "gatehouse/v1", "kind": "Connector", "metadata": {"name": "echo"},
            "source": {"dir": {"path": f"{build}/connectors/echo"}},
            "run": {"transport": "stdio", "command": ["./echo"], "instances": {"min": 1}, "concurrency": 256},
        }))
        self.config = folder / "gatehouse.yaml"
        self.config.write_text(json.dumps({
            "apiVersion": "gatehouse/v1", "kind": "Gateway",
            "listen": {"client": "127.0.0.1:0", "admin": "unix:admin.sock"},
            "data": "./data", "manifests": [str(folder / "echo.yaml")],
            "virtual_servers": [{"name": "bench", "audience": {"agents": ["bench"]},
                                 "connectors": [{"name": "echo", "prefix": "echo_"}]}],
            "policy": [{"name": f"rule-{i}", "effect": "deny", "principals": [f"agent:other-{i}"],
                        "connectors": ["echo"], "tools": [f"tool_{i}_*"]} for i in range(100)],
        }))
        self.process = subprocess.Popen([f"{build}/bin/gatehouse", "serve", "--config", str(self.config)],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.pid = self.process.pid
        base = None
        for line in self.process.stdout:
            if line.startswith("gatehouse: listening on "):
                base = line.split()[-1].rstrip("/")
            if line.startswith("gatehouse: ready"):
                break
        if base is None:
            raise RuntimeError("the daemon did not start")
        self.url = base + "/v/bench/mcp"
        self.token = self.cli("agent", "create", "bench").strip()
        self.wait_until_served()

    def cli(self, *arguments):
        return subprocess.run([f"{self.build}/bin/gatehouse", *arguments, "--config", str(self.config)],
                              check=True, capture_output=True, text=True, timeout=60).stdout

    def post(self, message, headers):
        request = urllib.request.Request(self.url, json.dumps(message).encode(), {
            "Content-Type": "application/json", "Accept": "application/json, text/event-stream",
            "Authorization": f"Bearer {self.token}", **headers})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.headers, answer.read()

    def open_session(self):
        headers, _ = self.post({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {},
            "clientInfo": {"name": "bench", "version": "1"}}}, {})
        session = {"Mcp-Session-Id": headers["Mcp-Session-Id"], "MCP-Protocol-Version": "2025-11-25"}
        self.post({"jsonrpc": "2.0", "method": "notifications/initialized"}, session)
        return session

    def wait_until_served(self):
        self.session = self.open_session()
        for _ in range(100):
            _, body = self.post({"jsonrpc": "2.0", "id": 2, "method": "tools/list"}, self.session)
            if b"echo_echo" in body:
                return
            time.sleep(0.1)
        raise RuntimeError("the echo connector is not served")

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=60)
        self.folder.cleanup()


class Legacy:
    name = "gatehouse, 2025-11-25"
    prefix = "echo_"

    def __init__(self, daemon):
        self.daemon, self.pid, self.url = daemon, daemon.pid, daemon.url

    def headers(self, _tool):
        return [f"Authorization: Bearer {self.daemon.token}",
                *(f"{name}: {value}" for name, value in self.daemon.session.items())]

    def meta(self):
        return {}


class Modern(Legacy):
    name = "gatehouse, 2026-07-28"

    def headers(self, tool):
        return [f"Authorization: Bearer {self.daemon.token}", "MCP-Protocol-Version: 2026-07-28",
                "Mcp-Method: tools/call", f"Mcp-Name: {tool}"]

    def meta(self):
        return {"_meta": MODERN_META}
