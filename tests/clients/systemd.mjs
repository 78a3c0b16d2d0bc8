// What the daemon tells its service manager, and the sockets it takes from it. No systemd runs here: service_manager.py plays it;
// where systemd's own tools are installed, they are asked too.
import test from "node:test";
import assert from "node:assert/strict";
import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import path from "node:path";
import { spawn, execFileSync } from "node:child_process";
import { createInterface } from "node:readline";
import { binary, build, cli, connectors, eventually, root, text_of, write_config } from "./harness.mjs";
import { LegacySession } from "./wire.mjs";

const echo = (name, run = {}) => connectors.dir(name, path.join(build, "connectors/echo"),
  { command: ["./echo"], concurrency: 64, instances: { min: 1 }, ...run });

class Managed {
  told = [];
  out = [];
  facts = {};
  constructor(config, { watchdog_us = 0, sockets = "" } = {}) {
    this.config = config;
    this.process = spawn("/usr/bin/python3", [path.join(import.meta.dirname, "service_manager.py"), String(watchdog_us), sockets,
      binary, "serve", "--config", config], { stdio: ["pipe", "pipe", "pipe"] });
    this.stderr = "";
    this.process.stderr.on("data", (bytes) => { this.stderr = (this.stderr + bytes).slice(-100_000); });
    createInterface({ input: this.process.stdout }).on("line", (line) => {
      if (!line.startsWith("{")) return this.out.push(line);
      const said = JSON.parse(line);
      if (said.notify !== undefined) this.told.push({ at: performance.now(), ...Object.fromEntries(said.notify.split("\n").map((l) => l.split(/=(.*)/s).slice(0, 2))) });
      else Object.assign(this.facts, said);
    });
  }
  heard(what, matches, deadline_ms = 20_000) { return eventually(`${what}: ${this.stderr}`, () => this.told.find(matches), deadline_ms); }
  ready() { return this.heard("it is ready", (m) => m.READY === "1"); }
  signal(word) { this.process.stdin.write(`${word}\n`); }
  async stop() {
    if (this.facts.exit === undefined) this.signal("TERM");
    await eventually("it has ended", () => this.facts.exit !== undefined, 60_000);
    this.process.stdin.end();
    return this.facts.exit;
  }
}

async function managed(config, options, work) {
  const daemon = new Managed(config, options);
  try {
    await work(daemon);
  } finally {
    await daemon.stop();
  }
}
const get = (where, deadline = 10_000) => new Promise((resolve, reject) => {
  const request = http.request({ ...where, headers: { host: "localhost" }, timeout: deadline }, (response) => {
    let text = "";
    response.on("data", (bytes) => { text += bytes; });
    response.on("end", () => resolve({ status: response.statusCode, text }));
  });
  request.on("timeout", () => request.destroy(new Error("no answer")));
  request.on("error", reject);
  request.end();
});

test("readiness comes once the listeners are up, and the status line counts the connectors by health", () =>
  managed(write_config({ connectors: [echo("a"), echo("b", { instances: { min: 0 } })] }), {}, async (daemon) => {
    await daemon.ready();
    const base = await eventually("it printed its address", () => daemon.out.map((l) => /listening on (\S+)/.exec(l)?.[1]).find(Boolean));
    assert.equal((await fetch(`${base}/healthz`)).status, 200);
    await daemon.heard("the status line", (m) => m.STATUS === "2 connectors: 1 healthy, 1 idle");
    const lines = daemon.told.filter((m) => m.STATUS);
    for (let i = 1; i < lines.length; ++i) assert.ok(lines[i].at - lines[i - 1].at > 4_500, "more often than every 5 s");
    assert.equal(await daemon.stop(), 0);
    assert.ok(daemon.told.some((m) => m.STOPPING === "1"));
    assert.equal(daemon.told.filter((m) => m.WATCHDOG).length, 0);
  }));

test("the watchdog is fed at half of its period, also while calls are drained", () =>
  managed(write_config({ connectors: [echo("a")] }), { watchdog_us: 600_000 }, async (daemon) => {
    await daemon.ready();
    const base = daemon.out.map((l) => /listening on (\S+)/.exec(l)?.[1]).find(Boolean);
    const token = (await cli(["agent", "create", "demo", "--config", daemon.config])).stdout.trim();
    const session = await LegacySession.open(`${base}/v/demo/mcp`, token);
    const flying = session.call("a_sleep", { ms: 2000 });
    await daemon.heard("some time has passed", () => daemon.told.filter((m) => m.WATCHDOG).length >= 4);
    daemon.signal("TERM");
    assert.equal(text_of((await flying).message.result), "slept 2000 ms");
    await daemon.stop();
    const fed = daemon.told.filter((m) => m.WATCHDOG).map((m) => m.at);
    const gaps = fed.slice(1).map((at, i) => at - fed[i]);
    assert.ok(Math.max(...gaps) < 600, `gaps of ${gaps.map(Math.round).join()} ms`);
  }));

test("a reload is announced with its time and ends with readiness", () =>
  managed(write_config({ connectors: [echo("a")] }), {}, async (daemon) => {
    await daemon.ready();
    daemon.signal("HUP");
    const begun = await daemon.heard("the reload", (m) => m.RELOADING === "1");
    assert.match(begun.MONOTONIC_USEC, /^\d+$/);
    await eventually("it is ready again", () => daemon.told.filter((m) => m.READY === "1").length === 2);
    assert.ok(daemon.told.findIndex((m) => m.RELOADING) < daemon.told.findLastIndex((m) => m.READY));
  }));

for (const sockets of ["client:admin", "admin:client", "family"]) {
  test(`passed sockets serve clients and the admin API (${sockets})`, () => {
    const config = write_config({ connectors: [echo("a")] });
    return managed(config, { sockets }, async (daemon) => {
      await daemon.ready();
      assert.equal((await get({ host: "127.0.0.1", port: daemon.facts.client, path: "/healthz" })).status, 200);
      assert.equal((await get({ socketPath: daemon.facts.admin, path: "/api/v1/status" })).status, 200);
      assert.ok(!fs.existsSync(path.join(path.dirname(config), "data/admin.sock")));
      await eventually("it says where", () => daemon.out.some((l) => l.includes(`listening on http://127.0.0.1:${daemon.facts.client}`)));
    });
  });
}

test("a passed client socket alone leaves the admin socket to the configuration", () => {
  const config = write_config({ connectors: [echo("a")] });
  return managed(config, { sockets: "client" }, async (daemon) => {
    await daemon.ready();
    assert.equal((await get({ host: "127.0.0.1", port: daemon.facts.client, path: "/healthz" })).status, 200);
    assert.equal((await cli(["ls", "--config", config])).code, 0);
  });
});

test("two sockets of one kind are refused with what to do", async () => {
  const daemon = new Managed(write_config(), { sockets: "client:client" });
  await eventually("it has ended", () => daemon.facts.exit !== undefined, 20_000);
  daemon.process.stdin.end();
  assert.equal(daemon.facts.exit, 1);
  assert.match(daemon.stderr, /GH-C520.*FileDescriptorName=client/);
});

const tool = (name) => ["/usr/bin", "/bin"].map((folder) => path.join(folder, name)).find((file) => fs.existsSync(file));
const activate = tool("systemd-socket-activate"), analyze = tool("systemd-analyze");

test("systemd-socket-activate starts it at the first connection", { skip: activate ? false : "systemd-socket-activate is not installed" }, async () => {
  const port = await new Promise((resolve) => { const s = net.createServer().listen(0, "127.0.0.1", () => { const p = s.address().port; s.close(() => resolve(p)); }); });
  const child = spawn(activate, ["-l", `127.0.0.1:${port}`, "--fdname=client", binary, "serve", "--config", write_config({ connectors: [echo("a")] })],
                      { stdio: ["ignore", "ignore", "ignore"] });
  const ended = new Promise((resolve) => child.once("exit", (code) => resolve(code)));
  try {
    const alive = await eventually("it answers", () => get({ host: "127.0.0.1", port, path: "/healthz" }).catch(() => null), 20_000);
    assert.equal(alive.text, "ok\n");
  } finally {
    child.kill("SIGTERM");
  }
  assert.equal(await ended, 0);
});

test("the sample units are well-formed", { skip: analyze ? false : "systemd-analyze is not installed" }, () => {
  const folder = path.dirname(write_config());
  for (const name of ["gatehouse.service", "gatehouse.socket", "gatehouse-admin.socket"]) {
    const text = fs.readFileSync(path.join(root, "scripts", name), "utf8");
    fs.writeFileSync(path.join(folder, name), text.replaceAll("/usr/local/lib/gatehouse/gatehouse", binary));
  }
  const units = ["gatehouse.service", "gatehouse.socket", "gatehouse-admin.socket"].map((name) => path.join(folder, name));
  const said = execFileSync(analyze, ["verify", "--man=no", ...units], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout: 60_000 });
  assert.equal(said, "");
});
