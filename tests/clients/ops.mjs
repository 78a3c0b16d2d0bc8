// The operator's view: command line, bad input, stops and kills. Each test has a daemon of its own.
import test from "node:test";
import assert from "node:assert/strict";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { spawn } from "node:child_process";
import { Daemon, all_gone, binary, build, cli, connectors, descendants, eventually, root, text_of, write_config } from "./harness.mjs";
import { LegacySession } from "./wire.mjs";

async function with_daemon(options, work) {
  const daemon = await Daemon.start(options);
  try {
    await work(daemon);
  } finally {
    await daemon.stop();
  }
}
const session_of = (daemon) => LegacySession.open(daemon.url, daemon.token);
// serve with a configuration that must not start: exit code and what it said.
const serve_fails = (config) => cli(["serve", "--config", config], { timeout: 20_000 });

test("ls, status, logs, restart, stop and start say and do what they are named for", () =>
  with_daemon({ connectors: [connectors.echo({ instances: { min: 1 } }), connectors.notes()], secrets: { "notes-key": "k" } }, async (daemon) => {
    await eventually("echo is healthy", async () => /echo\s+healthy/.test(await daemon.ok(["ls"])));
    assert.match(await daemon.ok(["ls"]), /notes\s+idle/);
    const session = await session_of(daemon);
    await session.call("notes_list");
    assert.match(await daemon.ok(["status", "notes"]), /healthy/);
    assert.match(await daemon.ok(["logs", "notes"]), /notes in \/data\/state/);
    const before = descendants(daemon.pid);
    await daemon.ok(["restart", "echo"]);
    assert.equal(text_of((await session.call("echo_echo", { text: "again" })).message.result), "again");
    assert.ok(before.some(({ pid }) => !fs.existsSync(`/proc/${pid}`)), "no process was replaced");
    await daemon.ok(["stop", "echo"]);
    assert.match(await daemon.ok(["ls"]), /echo\s+stopped/);
    const refused = (await session.call("echo_echo", { text: "x" })).message;
    assert.ok(refused.error || refused.result.isError);
    await daemon.ok(["start", "echo"]);
    assert.equal(text_of((await session.call("echo_echo", { text: "back" })).message.result), "back");
    for (const verb of ["status", "events", "logs"]) assert.equal((await daemon.cli([verb, "nobody"])).code, 5, verb);
  }));

test("logs -f shows lines as they come", () => with_daemon({ connectors: [connectors.notes()], secrets: { "notes-key": "k" } }, async (daemon) => {
  const follow = spawn(binary, ["logs", "-f", "notes", "--config", daemon.config], { stdio: ["ignore", "pipe", "ignore"] });
  let seen = "";
  follow.stdout.on("data", (bytes) => { seen += bytes; });
  try {
    await (await session_of(daemon)).call("notes_list");
    await eventually("the line of the start", () => /0 notes in/.test(seen));
  } finally {
    follow.kill();
  }
}));

test("the journal has an intent and an outcome for each call, and verifies until a byte is changed", async () => {
  const daemon = await Daemon.start();
  const session = await session_of(daemon);
  for (let i = 0; i < 5; ++i) await session.call("echo_echo", { text: `call ${i}` });
  await session.call("echo_nothing");
  const tail = await daemon.ok(["audit", "tail", "-n", "500"]);
  assert.ok((tail.match(/intent/g) ?? []).length >= 5, tail);
  assert.ok((tail.match(/outcome/g) ?? []).length >= 5, tail);
  assert.equal((await daemon.cli(["audit", "verify"])).code, 0);
  await daemon.stop({ keep: true });
  assert.equal((await daemon.cli(["audit", "verify"])).code, 0);
  const folder = path.join(path.dirname(daemon.config), "data/journal");
  const segment = fs.readdirSync(folder).sort().map((n) => path.join(folder, n)).find((f) => fs.statSync(f).size > 100);
  const bytes = fs.readFileSync(segment);
  bytes[Math.floor(bytes.length / 2)] ^= 1;
  fs.writeFileSync(segment, bytes);
  assert.equal((await daemon.cli(["audit", "verify"])).code, 10);
  fs.rmSync(path.dirname(daemon.config), { recursive: true });
});

test("SIGTERM ends the daemon with exit 0 and leaves no process", async () => {
  const daemon = await Daemon.start({ connectors: [connectors.echo({ instances: { min: 1 } }), connectors.everything()] });
  const session = await session_of(daemon);
  await session.call("everything_echo", { message: "up" });
  assert.ok(descendants(daemon.pid).length >= 2);
  const end = await daemon.stop();
  assert.deepEqual(end, { code: 0, signal: null });
});

test("SIGTERM lets a call in flight finish", async () => {
  const daemon = await Daemon.start();
  const session = await session_of(daemon);
  const call = session.call("echo_sleep", { ms: 1500 });
  await eventually("the call is in flight", async () => /intent/.test(await daemon.ok(["audit", "tail", "-n", "500"])));
  const stopped = daemon.stop();
  assert.equal(text_of((await call).message.result), "slept 1500 ms");
  await stopped;
});

test("kill -9 of the daemon leaves no process, and the next start serves again with a whole journal", async () => {
  const daemon = await Daemon.start({ connectors: [connectors.echo({ instances: { min: 1 } }), connectors.everything(), connectors.notes()],
                                      secrets: { "notes-key": "k" } });
  const session = await session_of(daemon);
  await session.call("everything_echo", { message: "up" });
  await session.call("notes_add", { text: "kept" });
  const children = descendants(daemon.pid);
  assert.ok(children.length >= 3);
  const flying = session.call("echo_sleep", { ms: 20_000 }).catch(() => "cut");
  daemon.process.kill("SIGKILL");
  await daemon.exited;
  await all_gone(children, 5_000);
  await flying;
  await daemon.relaunch();
  const again = await session_of(daemon);
  assert.match(text_of((await again.call("notes_list")).message.result), /kept/);
  assert.equal((await daemon.cli(["audit", "verify"])).code, 0);
  await daemon.stop();
});

test("a second daemon on the same data folder is refused", () => with_daemon({}, async (daemon) => {
  const second = await serve_fails(daemon.config);
  assert.notEqual(second.code, 0);
  assert.match(second.stderr, /data/);
  assert.equal(text_of((await (await session_of(daemon)).call("echo_echo", { text: "first" })).message.result), "first");
}));

test("a port in use is said with the port and what to do", async () => {
  const taken = net.createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => taken.once("listening", resolve));
  const { port } = taken.address();
  const done = await serve_fails(write_config({ gateway: { listen: { client: `127.0.0.1:${port}`, admin: "unix:admin.sock" } } }));
  taken.close();
  assert.notEqual(done.code, 0);
  assert.match(done.stderr, new RegExp(String(port)));
  assert.match(done.stderr, /in use/i);
});

test("an unwritable data folder is said by its name", async () => {
  const done = await serve_fails(write_config({ gateway: { data: "/proc/gatehouse-data" } }));
  assert.notEqual(done.code, 0);
  assert.match(done.stderr, /\/proc\/gatehouse-data/);
});

test("a missing secret stops only its connector, says which, and setting it heals it", () =>
  with_daemon({ connectors: [connectors.echo(), connectors.notes()] }, async (daemon) => {
    const session = await session_of(daemon);
    const { message } = await session.call("notes_list");
    assert.ok(message.error || message.result.isError, JSON.stringify(message));
    assert.match(await daemon.ok(["status", "notes"]), /misconfigured[^]*notes-key/);
    assert.equal(text_of((await session.call("echo_echo", { text: "fine" })).message.result), "fine");
    await daemon.ok(["secret", "set", "notes-key"], "now-set");
    await eventually("the notes answer", async () => !!(await session.call("notes_list")).message.result?.structuredContent);
  }));

test("a missing command and one that cannot be executed are refused before anything starts, with their place", async () => {
  const folder = path.join(import.meta.dirname, "../../connectors/notes");
  const config = write_config({ connectors: [connectors.dir("gone", folder, { command: ["./no-such-program"] }),
                                             connectors.dir("flat", folder, { command: ["./README.md"] }),
                                             connectors.dir("lost", folder, { command: ["no-such-program"] })] });
  const done = await serve_fails(config);
  assert.equal(done.code, 9, done.stderr);
  assert.match(done.stderr, /gone\.yaml:\d+:\d+: run\.command.*no-such-program/);
  assert.match(done.stderr, /flat\.yaml:\d+:\d+: run\.command/);
  assert.match(done.stderr, /lost\.yaml:\d+:\d+: run\.command.*no-such-program/);
});

test("a command that is no program when it starts is misconfigured, with the cause, and harms no other", () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "gatehouse-flat-"));
  fs.chmodSync(folder, 0o755);
  fs.writeFileSync(path.join(folder, "flat"), "no program, no interpreter\n\0", { mode: 0o755 });
  return with_daemon({ connectors: [connectors.dir("flat", folder, { command: ["./flat"] }), connectors.echo()] }, async (daemon) => {
    await daemon.cli(["start", "flat"]);
    const status = await eventually("it is misconfigured", async () => {
      const text = await daemon.ok(["status", "flat"]);
      return /misconfigured/.test(text) && text;
    });
    assert.match(status, /GH-P305/);
    const session = await session_of(daemon);
    assert.equal(text_of((await session.call("echo_echo", { text: "fine" })).message.result), "fine");
  }).finally(() => fs.rmSync(folder, { recursive: true }));
});

test("a connector that dies in a call: the caller learns within a second that it may have run", () =>
  with_daemon({ connectors: [connectors.misbehave("exit_mid_call")] }, async (daemon) => {
    const session = await session_of(daemon);
    assert.equal(text_of((await session.call("exit-mid-call_ok")).message.result), "ok");
    const begun = Date.now();
    const { message } = await session.call("exit-mid-call_bad");
    assert.ok(Date.now() - begun < 1_000, `${Date.now() - begun} ms`);
    assert.match(JSON.stringify(message), /may have run/i);
    await eventually("the same session is served again", async () =>
      text_of((await session.call("exit-mid-call_ok")).message.result ?? {}) === "ok", 15_000);
  }));

test("a connector that exits at once is backed off and never served as healthy", () =>
  with_daemon({ connectors: [connectors.misbehave("exit_at_once", { timeouts: { startup: "5s" } })] }, async (daemon) => {
    const session = await session_of(daemon);
    const begun = Date.now();
    const { message } = await session.call("exit-at-once_ok");
    assert.ok(message.error || message.result.isError);
    assert.ok(Date.now() - begun < 20_000);
    const status = await daemon.ok(["status", "exit-at-once"]);
    assert.doesNotMatch(status, /\bhealthy\b/);
    assert.match(status, /GH-P301|exit/);
    assert.match(await daemon.ok(["logs", "exit-at-once"]), /I end at once/);
  }));

test("a call that is never answered ends at its deadline, and the others go on", () =>
  with_daemon({ connectors: [connectors.misbehave("never_answers", { timeouts: { call: "2s" } })] }, async (daemon) => {
    const session = await session_of(daemon);
    await session.call("never-answers_ok");
    const begun = Date.now();
    const silent = session.call("never-answers_bad", {}, 5);
    assert.equal(text_of((await session.call("never-answers_ok", {}, 6)).message.result), "ok");
    const { message } = await silent;
    assert.ok(message.error || message.result.isError);
    assert.ok(Date.now() - begun < 5_000);
  }));

test("answers under ids that nobody asked for reach nobody", () => with_daemon({ connectors: [connectors.misbehave("unknown_id")] }, async (daemon) => {
  const session = await session_of(daemon);
  const answers = await Promise.all([1, 2, 3, 4].map((id) => session.call("unknown-id_bad", {}, id)));
  for (const answer of answers) assert.equal(text_of(answer.message.result), "unknown_id done");
}));

test("garbage on stdout is kept in the log and harms no call", () => with_daemon({ connectors: [connectors.misbehave("garbage_stdout")] }, async (daemon) => {
  const session = await session_of(daemon);
  assert.equal(text_of((await session.call("garbage-stdout_bad")).message.result), "garbage_stdout done");
  assert.match(await daemon.ok(["logs", "garbage-stdout"]), /have fun/);
}));

test("a flood on stderr blocks nothing", () => with_daemon({ connectors: [connectors.misbehave("flood_stderr"), connectors.echo()] }, async (daemon) => {
  const session = await session_of(daemon);
  const flood = session.call("flood-stderr_bad", {}, 3);
  for (let i = 0; i < 20; ++i) {
    const begun = Date.now();
    await session.call("echo_echo", { text: "x" }, 100 + i);
    assert.ok(Date.now() - begun < 1_000);
  }
  assert.equal(text_of((await flood).message.result), "flooded");
}));

test("a big result passes, a line beyond the bound is refused and not the end of the daemon", () =>
  with_daemon({ connectors: [connectors.misbehave("big_result"), connectors.misbehave("huge_line"), connectors.echo()] }, async (daemon) => {
    const session = await session_of(daemon);
    assert.equal(text_of((await session.call("big-result_bad")).message.result).length, 8 << 20);
    const { message } = await session.call("huge-line_bad");
    assert.ok(message.error || message.result.isError);
    assert.equal(text_of((await session.call("echo_echo", { text: "fine" })).message.result), "fine");
  }));

test("a slow start is waited for within its deadline, and no longer", () =>
  with_daemon({ connectors: [connectors.misbehave("slow_start", { env: { MISBEHAVE_MS: "1000" } }),
                             connectors.misbehave("silent_start", { timeouts: { startup: "2s" } })] }, async (daemon) => {
    const session = await session_of(daemon);
    assert.equal(text_of((await session.call("slow-start_ok")).message.result), "ok");
    const begun = Date.now();
    const { message } = await session.call("silent-start_ok");
    assert.ok(message.error || message.result.isError);
    assert.ok(Date.now() - begun < 15_000);
    assert.match(await daemon.ok(["status", "silent-start"]), /GH-P306|startup/);
  }));

test("a connector that ignores every stop is killed with its tree", () =>
  with_daemon({ connectors: [connectors.misbehave("ignores_stop", { instances: { min: 1 }, timeouts: { stop: "1s", drain: "1s" } })] }, async (daemon) => {
    await eventually("it runs", async () => /healthy/.test(await daemon.ok(["ls"])));
    const children = descendants(daemon.pid);
    await daemon.ok(["stop", "ignores-stop"]);
    await all_gone(children, 1_000);
  }));

test("validate names every problem of every file at once and exits 9", async () => {
  const folder = path.dirname(write_config());
  const broken = path.join(folder, "broken.yaml"), torn = path.join(folder, "torn.yaml");
  fs.writeFileSync(broken, "apiVersion: gatehouse/v1\nkind: Connector\nmetadata:\n  name: Bad_Name\nsource:\n  dir: {path: .}\n" +
    "run:\n  transport: stdio\n  comand: [x]\n  timeouts: {call: 60}\n");
  fs.writeFileSync(torn, "apiVersion: gatehouse/v1\nkind: [Connector\n");
  const done = await cli(["validate", broken, torn]);
  const said = done.stdout + done.stderr;
  assert.equal(done.code, 9);
  assert.match(said, /broken\.yaml:9:3.*comand[^]*command/);
  assert.match(said, /broken\.yaml:4:/);
  assert.match(said, /broken\.yaml:10:/);
  assert.match(said, /torn\.yaml:/);
  fs.rmSync(folder, { recursive: true });
});

test("the shipped samples are valid", async () => {
  // The shipped files name build/; a development build stands elsewhere.
  const shipped = path.join(root, "manifests"), folder = fs.mkdtempSync(path.join(os.tmpdir(), "gatehouse-samples-"));
  const files = fs.readdirSync(shipped).filter((name) => name.endsWith(".yaml")).map((name) => {
    const text = fs.readFileSync(path.join(shipped, name), "utf8");
    const file = path.join(folder, name);
    fs.writeFileSync(file, text.replace("../build/", `${build}/`).replace("../connectors/", `${root}/connectors/`));
    return file;
  });
  assert.equal(files.length, 6);
  const done = await cli(["validate", ...files]);
  fs.rmSync(folder, { recursive: true });
  assert.equal(done.code, 0, done.stdout + done.stderr);
});

test("the command line without a daemon exits 8 and says how to start one", async () => {
  const done = await cli(["ls", "--config", write_config()]);
  assert.equal(done.code, 8);
  assert.match(done.stderr, /serve/);
});
