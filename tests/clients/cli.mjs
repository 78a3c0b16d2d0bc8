// The verbs of the command line against the real daemon: what they print, in every format, and how they end.
import test from "node:test";
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { spawn, spawnSync } from "node:child_process";
import { Daemon, binary, cli, connectors, eventually, write_config } from "./harness.mjs";
import { script } from "./fixtures.mjs";

async function with_daemon(options, work) {
  const daemon = await Daemon.start(options);
  try {
    await work(daemon);
  } finally {
    await daemon.stop();
  }
}
const json_of = async (daemon, args) => JSON.parse(await daemon.ok([...args, "-o", "json"]));
const widest = (text) => Math.max(...text.split("\n").map((line) => [...line].length));

// A connector that says what it is told to, of itself, on stderr: one line for each call.
const talker = (run = {}) => script("talker", `
import json, sys
def out(id, result):
    print(json.dumps({"jsonrpc": "2.0", "id": id, "result": result}), flush=True)
print("the talker is up", file=sys.stderr, flush=True)
for line in sys.stdin:
    m = json.loads(line)
    if "id" not in m:
        continue
    if m["method"] == "initialize":
        out(m["id"], {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "t", "version": "1"}})
    elif m["method"] == "tools/list":
        out(m["id"], {"tools": [
            {"name": "say", "description": "Says it", "annotations": {"readOnlyHint": True},
             "inputSchema": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}},
            {"name": "fail", "inputSchema": {"type": "object"}},
            {"name": "die", "inputSchema": {"type": "object"}}]})
    elif m["method"] == "tools/call":
        name, args = m["params"]["name"], m["params"].get("arguments", {})
        if name == "die":
            print("I die now", file=sys.stderr, flush=True)
            sys.exit(3)
        text = args.get("text", "")
        sys.stderr.buffer.write(text.encode("latin-1") + b"\\n")
        sys.stderr.flush()
        out(m["id"], {"content": [{"type": "text", "text": "said " + text}], "isError": name == "fail"})
    else:
        out(m["id"], {})
`, run);
const say = (daemon, text) => daemon.ok(["call", "talker", "say", "--json", JSON.stringify({ text })]);

// Collects what a running command writes.
function running(args) {
  const child = spawn(binary, args, { stdio: ["ignore", "pipe", "pipe"] });
  const seen = { out: "", err: "", child, ended: new Promise((resolve) => child.once("exit", (code) => resolve(code))) };
  child.stdout.on("data", (bytes) => { seen.out += bytes; });
  child.stderr.on("data", (bytes) => { seen.err += bytes; });
  seen.stop = () => { child.kill(); return seen.ended; };
  return seen;
}
// The same on a terminal of 100 columns (util-linux script); what it showed.
const on_terminal = (command, columns = 100) => spawnSync("script", ["-qec", `stty cols ${columns}; ${command}`, "/dev/null"],
  { encoding: "latin1", env: { ...process.env, TERM: "xterm", NO_COLOR: "" }, timeout: 30_000 }).stdout.replaceAll("\r\n", "\n");
const has_script = spawnSync("script", ["--version"]).status === 0;

test("ls, status and top show the same connectors in every format, at most 100 columns wide", () =>
  with_daemon({ connectors: [talker({ instances: { min: 1 } }), connectors.notes()] }, async (daemon) => {
    await eventually("it is ready", async () => /talker\s+healthy\s+1\/1/.test(await daemon.ok(["ls"])));
    for (const verb of ["ls", "top"]) {
      const table = await daemon.ok([verb]);
      assert.ok(widest(table) <= 100, table);
      assert.match(table, /NAME\s+HEALTH\s+READY/);
      assert.equal((await daemon.ok([verb, "-o", "name"])).trim().split("\n").sort().join(), "notes,talker");
      const { connectors: list } = await json_of(daemon, [verb]);
      assert.deepEqual(list.map((one) => one.name).sort(), ["notes", "talker"]);
      assert.match(await daemon.ok([verb, "-o", "yaml"]), /^connectors:\n- name: (notes|talker)\n/);
    }
    assert.match(await daemon.ok(["ls"]), /CALLS\/5m\s+ERR%\s+P95\s+MEM\s+AGE\s+CAUSE/);
    assert.match(await daemon.ok(["ls", "-o", "wide"]), /RESTARTS\s+LIFECYCLE/);
    assert.equal((await json_of(daemon, ["status", "talker"])).health, "healthy");
    assert.equal((await json_of(daemon, ["status"])).connector_count, 2);
  }));

test("wake, stop, start and restart hold what they promise, and say it in their exit code", () =>
  with_daemon({ connectors: [talker(), connectors.misbehave("exit_at_once", { timeouts: { startup: "5s" } })] }, async (daemon) => {
    assert.match(await daemon.ok(["wake", "talker"]), /talker\s+healthy/);
    assert.equal((await json_of(daemon, ["status", "talker"])).lifecycle, "ready");
    assert.match(await daemon.ok(["stop", "talker"]), /stopped/);
    assert.notEqual((await daemon.cli(["wake", "talker"])).code, 0, "a stopped one stays stopped");
    assert.match(await daemon.ok(["start", "talker"]), /healthy/);
    assert.equal(await daemon.ok(["restart", "talker", "-o", "name"]), "talker\n");
    const failed = await daemon.cli(["start", "exit-at-once"]);
    assert.equal(failed.code, 3, failed.stderr);
    assert.match(failed.stderr, /error: .*GH-P301[^]*do: /);
    assert.equal((await daemon.cli(["restart", "nobody"])).code, 5);
  }));

test("tools lists what a connector offers, and call calls it, with arguments from anywhere", () =>
  with_daemon({ connectors: [talker()] }, async (daemon) => {
    assert.match((await daemon.cli(["tools", "talker"])).stderr, /gatehouse wake talker/);
    assert.equal(await say(daemon, "hello"), "said hello\n");
    assert.match(await daemon.ok(["tools", "talker"]), /say\s+read-only\s+text\s+Says it/);
    assert.equal(await daemon.ok(["tools", "talker", "-o", "name"]), "say\nfail\ndie\n");
    assert.equal((await json_of(daemon, ["tools", "talker"])).tools[0].inputSchema.required[0], "text");
    const file = path.join(path.dirname(daemon.config), "arguments.json");
    fs.writeFileSync(file, '{"text": "from a file"}');
    assert.equal(await daemon.ok(["call", "talker", "say", "--json", `@${file}`]), "said from a file\n");
    assert.equal(await daemon.ok(["call", "talker", "say", "--json", "-"], '{"text": "from stdin"}'), "said from stdin\n");
    const whole = await json_of(daemon, ["call", "talker", "say", "--json", '{"text": "x"}']);
    assert.equal(whole.result.content[0].text, "said x");
    assert.ok(whole.elapsed_ms >= 0);
    const failed = await daemon.cli(["call", "talker", "fail"]);
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /it failed/);
    assert.equal((await daemon.cli(["call", "talker", "nothing"])).code, 5);
    assert.equal((await daemon.cli(["call", "nobody", "say"])).code, 5);
    assert.equal((await daemon.cli(["call", "talker", "say", "--json", "[]"])).code, 2);
    assert.match(await daemon.ok(["audit", "tail", "-n", "200"]), /uid:\d+.*say/);
  }));

test("call --as runs by the policy of that agent: what it may not call is refused with 6", () =>
  with_daemon({ connectors: [talker()], gateway: { policy: [{ name: "no-fail", effect: "deny", tools: ["fail"] }] } }, async (daemon) => {
    assert.equal(await daemon.ok(["call", "talker", "say", "--json", '{"text": "a"}', "--as", "demo"]), "said a\n");
    const denied = await daemon.cli(["call", "talker", "fail", "--as", "demo"]);
    assert.equal(denied.code, 6, denied.stdout + denied.stderr);
    assert.equal((await daemon.cli(["call", "talker", "say", "--as", "nobody"])).code, 5);
  }));

test("logs are found by time, text, level, stream, instance, and those of the previous instance", () =>
  with_daemon({ connectors: [talker()] }, async (daemon) => {
    await say(daemon, "apple one");
    await say(daemon, "error: pear two");
    const before = (await json_of(daemon, ["status", "talker"])).instance;
    const lines = async (...args) => (await daemon.ok(["logs", "talker", ...args])).trim().split("\n").filter(Boolean);
    await eventually("both lines", async () => (await lines("--grep", "apple|pear")).length === 2);
    assert.match((await lines("--grep", "apple"))[0], /^\d{4}-\d\d-\d\dT[\d:.]+Z stderr apple one$/);
    assert.equal((await lines("--level", "error")).length, 1);
    assert.equal((await lines("-n", "1", "--stream", "stderr"))[0].endsWith("pear two"), true);
    assert.ok((await lines("--since", "1h")).length >= 3);
    assert.equal((await lines("--since", "1h", "--until", "30m")).length, 0);
    await daemon.ok(["restart", "talker"]);
    await say(daemon, "cherry three");
    assert.ok((await lines("--previous", "--grep", "apple")).length === 1);
    assert.ok((await lines("--instance", String(before), "--grep", "cherry")).length === 0);
    const record = JSON.parse(await daemon.ok(["logs", "talker", "--grep", "cherry", "-o", "json"]));
    assert.equal(record.text, "cherry three");
    const revision = (await json_of(daemon, ["status", "talker"])).revision;
    assert.ok((await lines("--revision", revision, "--grep", "cherry")).length === 1);
    assert.equal((await daemon.cli(["logs", "talker", "--revision", "00000000"])).code, 5);
    assert.equal((await daemon.cli(["logs", "talker", "--grep", "("])).code, 2);
    assert.equal((await daemon.cli(["logs", "nobody"])).code, 5);
  }));

test("logs -f and events -f live over a restart of the daemon, without losing or repeating a line", async () => {
  const daemon = await Daemon.start({ connectors: [talker({ instances: { min: 1 } })] });
  await say(daemon, "line 1");
  const logs = running(["logs", "-f", "talker", "--grep", "^line", "--config", daemon.config]);
  const events = running(["events", "-f", "talker", "--config", daemon.config]);
  const shown = () => [...logs.out.matchAll(/line \d+/g)].map(([line]) => line);
  await eventually("the first line", () => shown().length === 1);
  await say(daemon, "line 2");
  await eventually("the second line", () => shown().length === 2);
  await daemon.stop({ keep: true });
  await eventually("it says that the daemon is gone", () => /the daemon is gone/.test(logs.err));
  assert.equal((await daemon.cli(["logs", "talker"])).code, 8);
  await daemon.relaunch();
  await say(daemon, "line 3");
  await eventually("the line after the restart", () => shown().length >= 3, 15_000);
  assert.match(logs.err, /the daemon is back/);
  assert.equal(logs.err.match(/the daemon is gone/g).length, 1);
  for (let i = 4; i <= 8; ++i) await say(daemon, `line ${i}`);
  await eventually("all lines", () => shown().length >= 8);
  assert.deepEqual(shown(), [1, 2, 3, 4, 5, 6, 7, 8].map((i) => `line ${i}`));
  await eventually("events of both lives", () => (events.out.match(/→ ready|healthy/g) ?? []).length >= 2);
  const times = events.out.trim().split("\n").map((line) => line.slice(0, 24));
  assert.deepEqual(times, [...times].sort());
  assert.equal(new Set(events.out.trim().split("\n")).size, times.length, "an event was repeated");
  await logs.stop();
  await events.stop();
  await daemon.stop();
});

test("a hostile log line cannot steer a terminal, through a pipe neither; as JSON it is what it was", { skip: !has_script }, () =>
  with_daemon({ connectors: [talker()] }, async (daemon) => {
    await say(daemon, "evil \u001b[2J\u001b]0;owned\u0007 \u009b31m \u00ff end");
    await eventually("the line", async () => /evil/.test(await daemon.ok(["logs", "talker"])));
    const shown = on_terminal(`${binary} logs talker --grep evil --config ${daemon.config}`);
    assert.match(shown, /evil \\x1b\[2J\\x1b\]0;owned\\x07/);
    assert.doesNotMatch(shown.replace(/\u001b\[\d*m/g, ""), /[\u0000-\u0008\u000b-\u001f\u007f]/);
    const piped = await daemon.ok(["logs", "talker", "--grep", "evil"]);
    assert.match(piped, /evil \\x1b\[2J\\x1b\]0;owned\\x07/);
    assert.ok(piped.includes("\ufffd"), "bytes that are no UTF-8 are replaced");
    assert.equal(piped.trim().split("\n").length, 1);
    const json = JSON.parse(await daemon.ok(["logs", "talker", "--grep", "evil", "-o", "json"]));
    assert.ok(JSON.stringify(json).includes("evil \\u001b[2J"), JSON.stringify(json));
  }));

test("tables fit terminals of 100 and 80 columns, with colour; NO_COLOR takes it away", { skip: !has_script }, () =>
  with_daemon({ connectors: [connectors.misbehave("exit_at_once", { timeouts: { startup: "5s" } }), connectors.echo()] }, async (daemon) => {
    await daemon.cli(["start", "exit-at-once"]);
    for (const columns of [100, 80]) {
      for (const verb of ["ls", "doctor", "describe exit-at-once", "events"]) {
        const shown = on_terminal(`${binary} ${verb} --config ${daemon.config}`, columns);
        const plain = Buffer.from(shown, "latin1").toString().replace(/\u001b\[\d*m/g, "");
        assert.ok(widest(plain) <= columns, `${verb} at ${columns}:\n${plain}`);
      }
    }
    const shown = on_terminal(`${binary} ls --config ${daemon.config}`);
    assert.match(shown, /\u001b\[31m(unhealthy|crash_loop)/);
    assert.match(shown, /GH-P301\n {4}[^]*\n {4}.* read its last lines/);
    assert.doesNotMatch(on_terminal(`NO_COLOR=1 ${binary} ls --config ${daemon.config}`), /\u001b\[/);
  }));

test("describe tells of a crash: how, its last lines, and what the caller in flight was told", () =>
  with_daemon({ connectors: [talker()], secrets: {} }, async (daemon) => {
    await say(daemon, "up");
    const died = await daemon.cli(["call", "talker", "die"]);
    assert.equal(died.code, 1, died.stderr);
    assert.match(died.stderr, /may have run/);
    const text = await eventually("the crash is described", async () => {
      const seen = await daemon.ok(["describe", "talker"]);
      return /Last crash/.test(seen) && seen;
    });
    assert.match(text, /GH-P301/);
    assert.match(text, /tools\/call die after .*may have run/);
    assert.match(text, /\| I die now/);
    assert.match(text, /limits\s+memory 512MiB/);
    assert.match(text, /manifest\s+\/.*talker\.yaml/);
    assert.match(text, /Events\n[^]*exit/);
    assert.ok(widest(text) <= 100, text);
    const value = await json_of(daemon, ["describe", "talker"]);
    assert.equal(value.crashes[0].calls[0].told, "may_have_run");
    assert.equal(value.evidence.connector, "talker");
    assert.ok(value.events.length > 0);
    assert.equal((await daemon.cli(["describe", "nobody"])).code, 5);
  }));

test("events tell what happened, by connector and kind", () =>
  with_daemon({ connectors: [talker(), connectors.echo()] }, async (daemon) => {
    await daemon.ok(["wake", "talker"]);
    await daemon.ok(["stop", "talker"]);
    const all = (await daemon.ok(["events", "-o", "json"])).trim().split("\n").map((line) => JSON.parse(line));
    assert.ok(all.some(({ connector, kind, to }) => connector === "talker" && kind === "lifecycle" && to === "ready"), JSON.stringify(all));
    assert.ok(all.every((event, i) => i === 0 || event.seq > all[i - 1].seq));
    assert.match(await daemon.ok(["events", "talker", "--kind", "lifecycle"]), /talker\s+lifecycle\s+.*→ ready/);
    assert.equal(await daemon.ok(["events", "echo", "--kind", "exit"]), "");
    assert.equal((await daemon.cli(["events", "--kind", "party"])).code, 2);
  }));

test("reload says what was added, changed and removed; a broken manifest changes nothing and ends with 9", () =>
  with_daemon({ connectors: [talker(), connectors.echo()] }, async (daemon) => {
    const manifests = path.join(path.dirname(daemon.config), "manifests");
    const file = path.join(manifests, "talker.yaml");
    const manifest = JSON.parse(fs.readFileSync(file));
    manifest.metadata.title = "The Talker";
    fs.writeFileSync(file, JSON.stringify(manifest));
    const report = await json_of(daemon, ["reload"]);
    assert.deepEqual(report.changed, ["talker"]);
    assert.deepEqual(report.unchanged, ["echo"]);
    assert.match(await daemon.ok(["reload"]), /^2 unchanged\n/);
    fs.writeFileSync(file, "apiVersion: gatehouse/v1\nkind: Connector\nmetadata: {name: talker}\nrun: {comand: [x]}\n");
    const refused = await daemon.cli(["reload"]);
    assert.equal(refused.code, 9, refused.stderr);
    assert.match(refused.stderr, /talker\.yaml:4/);
    assert.match(await daemon.ok(["ls", "-o", "name"]), /talker/);
  }));

test("doctor is content with a good daemon, and says what is wrong and what to do otherwise", () =>
  with_daemon({ connectors: [connectors.notes(), connectors.echo()] }, async (daemon) => {
    const good = await daemon.cli(["doctor"]);
    assert.equal(good.code, 0, good.stdout);
    assert.match(good.stdout, /data folder\s+ok/);
    assert.match(good.stdout, /version\s+ok/);
    await daemon.cli(["start", "notes"]);
    fs.chmodSync(path.join(path.dirname(daemon.config), "data/journal"), 0o755);
    const bad = await daemon.cli(["doctor", "-o", "json"]);
    assert.equal(bad.code, 1);
    const { checks } = JSON.parse(bad.stdout);
    const failed = (name) => checks.find((check) => check.name === name && check.state === "fail");
    assert.match(failed("connector notes").action, /secret set notes-key/);
    assert.match(failed("data folder").action, /chmod/);
  }));

test("explain, completion and version need no daemon", async () => {
  const config = write_config();
  const entry = await cli(["explain", "GH-P303", "--config", config]);
  assert.equal(entry.code, 0);
  assert.match(entry.stdout, /^GH-P303 {2}/);
  assert.equal((await cli(["explain", "GH-P399"])).code, 5);
  for (const shell of ["bash", "zsh", "fish"]) assert.ok((await cli(["completion", shell])).stdout.length > 1000);
  assert.match((await cli(["version", "-o", "yaml"])).stdout, /^version: /);
});
