// A configuration that changes while the daemon runs, and a daemon that is started again.
import test from "node:test";
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { Daemon, all_gone, build, connectors, descendants, eventually, text_of } from "./harness.mjs";
import { admin } from "./fault_scene.mjs";
import { ModernPeer, Peer } from "./peer.mjs";
import { LegacySession } from "./wire.mjs";

const echo = (name, run = {}, more = {}) => connectors.dir(name, path.join(build, "connectors/echo"),
  { command: ["./echo"], concurrency: 64, instances: { min: 1 }, ...run }, more);
const server_of = (names, more = {}) => ({ name: "demo", title: "Demo", audience: { agents: ["demo", "second"] },
  connectors: names.map((name) => ({ name, prefix: `${name}_` })), ...more });

// The files of a running daemon's configuration, to be changed under it.
class Files {
  constructor(daemon) { this.file = daemon.config; this.manifests = path.join(path.dirname(daemon.config), "manifests"); }
  manifest(value) { fs.writeFileSync(path.join(this.manifests, `${value.metadata.name}.yaml`), JSON.stringify(value)); }
  raw(name, text) { fs.writeFileSync(path.join(this.manifests, `${name}.yaml`), text); }
  remove(name) { fs.rmSync(path.join(this.manifests, `${name}.yaml`)); }
  gateway(change) { fs.writeFileSync(this.file, JSON.stringify({ ...JSON.parse(fs.readFileSync(this.file, "utf8")), ...change })); }
}

async function with_daemon(list, work, gateway = {}, secrets = {}) {
  const daemon = await Daemon.start({ connectors: list, gateway, secrets });
  try {
    await work(daemon, new Files(daemon));
  } finally {
    await daemon.stop();
  }
}
const healthy = (daemon, ...names) => eventually(`${names.join(", ")} run`, async () =>
  (await Promise.all(names.map((name) => admin(daemon, `connectors/${name}`)))).every((row) => row.health === "healthy"), 20_000);
const instance_of = async (daemon, name) => {
  const { instance, jail_pid } = await admin(daemon, `connectors/${name}`);
  return { instance, jail_pid };
};
const events_of = async (daemon, query = "") => (await admin(daemon, `events?n=1000${query}`)).events;
const journal_of = async (daemon) =>
  (await daemon.ok(["audit", "tail", "-n", "1000", "-o", "json"])).split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
const tools_of = async (session) => (await session.request("tools/list")).message.result.tools.map((tool) => tool.name);
const in_flight = (daemon, name) => eventually(`a call at ${name} is in flight`, async () => (await admin(daemon, `connectors/${name}`)).in_flight > 0);

test("a changed manifest restarts its connector, and no other loses its process, its session or its call in flight", () =>
  with_daemon([echo("a"), echo("b")], async (daemon, files) => {
    await healthy(daemon, "a", "b");
    const session = await LegacySession.open(daemon.url, daemon.token);
    const before = { a: await instance_of(daemon, "a"), b: await instance_of(daemon, "b") };
    const flying = session.call("b_sleep", { ms: 2500 });
    await in_flight(daemon, "b");
    files.manifest(echo("a", { env: { CHANGED: "1" } }));
    const said = JSON.parse(await daemon.ok(["reload", "-o", "json"]));
    assert.deepEqual([said.added, said.changed, said.removed, said.unchanged], [[], ["a"], [], ["b"]]);
    await healthy(daemon, "a");
    assert.notDeepEqual(await instance_of(daemon, "a"), before.a);
    assert.deepEqual(await instance_of(daemon, "b"), before.b);
    assert.equal(text_of((await flying).message.result), "slept 2500 ms");
    assert.equal(text_of((await session.call("a_echo", { text: "same session" }, 3)).message.result), "same session");
    const config = (await events_of(daemon)).filter((event) => event.kind === "config").map((event) => event.connector);
    assert.deepEqual(config, ["a"]);
  }));

test("a reload without a change touches nothing", () => with_daemon([echo("a"), echo("b")], async (daemon) => {
  await healthy(daemon, "a", "b");
  const before = [await instance_of(daemon, "a"), await instance_of(daemon, "b")];
  const said = JSON.parse(await daemon.ok(["reload", "-o", "json"]));
  assert.deepEqual(said, { added: [], changed: [], removed: [], unchanged: ["a", "b"], notes: [] });
  assert.deepEqual([await instance_of(daemon, "a"), await instance_of(daemon, "b")], before);
}));

test("a call that waits at a connector whose manifest changes is answered by the old or the new one, never lost", () =>
  with_daemon([echo("a")], async (daemon, files) => {
    await healthy(daemon, "a");
    const session = await LegacySession.open(daemon.url, daemon.token);
    const flying = session.call("a_sleep", { ms: 1500 });
    await in_flight(daemon, "a");
    files.manifest(echo("a", { env: { CHANGED: "1" } }));
    await daemon.ok(["reload"]);
    const during = session.call("a_echo", { text: "during" }, 3);
    assert.equal(text_of((await flying).message.result), "slept 1500 ms");
    assert.equal(text_of((await during).message.result), "during");
  }));

test("a connector whose new manifest runs another program shows its tools, and listeners are told", () =>
  with_daemon([echo("a")], async (daemon, files) => {
    await healthy(daemon, "a");
    const peer = await Peer.open({ url: daemon.url, token: daemon.token });
    const listening = await peer.listen();
    files.manifest({ ...connectors.misbehave("big_result", { instances: { min: 1 } }), metadata: { name: "a" } });
    await daemon.ok(["reload"]);
    await listening.until("the client is told", (m) => m.method === "notifications/tools/list_changed", 20_000);
    const names = (await peer.request("tools/list")).message.result.tools.map((tool) => tool.name);
    assert.ok(names.includes("a_bad") && !names.includes("a_echo"), names.join());
    assert.equal(text_of((await peer.call("a_ok")).message.result), "ok");
    await listening.drop();
  }));

test("a storm of reloads under load loses no call of a connector that stays, and none of those that change", () =>
  with_daemon([echo("a"), echo("b")], async (daemon, files) => {
    await healthy(daemon, "a", "b");
    const before = await instance_of(daemon, "b");
    const children_before = descendants(daemon.pid).length;
    let over = false;
    const failures = [], counts = { a: 0, b: 0 };
    const caller = async (name) => {
      const modern = new ModernPeer({ url: daemon.url, token: daemon.token });
      const session = await LegacySession.open(daemon.url, daemon.token);
      for (let i = 0; !over; ++i) {
        const text = `${name}${i}`;
        const { message } = await (i % 2 ? modern.call(`${name}_echo`, { text }) : session.call(`${name}_echo`, { text }, i));
        if (text_of(message?.result ?? {}) !== text) failures.push(JSON.stringify(message));
        counts[name] += 1;
      }
    };
    const callers = ["a", "a", "b", "b"].map(caller);
    for (let round = 0; round < 20; ++round) {
      files.manifest(echo("a", { env: { ROUND: String(round) } }));
      if (round % 2) files.manifest(echo("extra"));
      else fs.rmSync(path.join(files.manifests, "extra.yaml"), { force: true });
      files.gateway({ policy: [{ name: `rule-${round}`, effect: round % 2 ? "deny" : "allow", tools: ["add"] }],
                      virtual_servers: [server_of(round % 2 ? ["a", "b", "extra"] : ["a", "b"])] });
      await daemon.ok(["reload"]);
    }
    over = true;
    await Promise.all(callers);
    assert.deepEqual(failures, []);
    assert.ok(counts.a > 20 && counts.b > 100, JSON.stringify(counts));
    assert.deepEqual(await instance_of(daemon, "b"), before);
    files.remove("extra");
    files.gateway({ virtual_servers: [server_of(["a", "b"])] });
    await daemon.ok(["reload"]);
    await eventually("only the processes of two connectors are left", () => descendants(daemon.pid).length === children_before);
  }));

test("connectors are added and removed, with the virtual servers that name them", () =>
  with_daemon([echo("a"), echo("b")], async (daemon, files) => {
    await healthy(daemon, "a", "b");
    const children = descendants(daemon.pid);
    const demo = await LegacySession.open(daemon.url, daemon.token);
    const other_url = `${daemon.base}/v/other/mcp`;
    const other = await LegacySession.open(other_url, daemon.token);
    assert.deepEqual((await tools_of(other)).filter((name) => name.startsWith("b_")).length > 0, true);
    files.manifest(echo("c"));
    files.remove("b");
    files.gateway({ virtual_servers: [server_of(["a"]), server_of(["c"], { name: "third" })] });
    const said = JSON.parse(await daemon.ok(["reload", "-o", "json"]));
    assert.deepEqual([said.added, said.changed, said.removed, said.unchanged], [["c"], [], ["b"], ["a"]]);
    const third = await LegacySession.open(`${daemon.base}/v/third/mcp`, daemon.token);
    assert.equal(text_of((await third.call("c_echo", { text: "new" })).message.result), "new");
    assert.equal(text_of((await demo.call("a_echo", { text: "kept" })).message.result), "kept");
    assert.equal((await other.request("tools/list")).status, 404);
    const names = (await admin(daemon, "connectors")).connectors.map((row) => row.name);
    assert.deepEqual(names, ["a", "c"]);
    assert.equal(children.filter(({ pid }) => fs.existsSync(`/proc/${pid}`)).length < children.length, true);
    const status = await admin(daemon, "status");
    assert.deepEqual(status.virtual_servers.map((server) => server.name).sort(), ["demo", "third"]);
  }, { virtual_servers: [server_of(["a", "b"]), server_of(["b"], { name: "other" })] }));

test("a configuration with problems is refused with all of them, and nothing changes", () =>
  with_daemon([echo("a"), echo("b")], async (daemon, files) => {
    await healthy(daemon, "a", "b");
    const before = [await instance_of(daemon, "a"), await instance_of(daemon, "b")];
    files.manifest(echo("a", { env: { CHANGED: "1" } }));
    files.manifest(echo("b", { comand: ["x"] }));
    files.raw("torn", "apiVersion: gatehouse/v1\nkind: [Connector\n");
    files.gateway({ virtual_servers: [server_of(["a", "nobody"])] });
    const done = await daemon.cli(["reload"]);
    assert.equal(done.code, 9, done.stdout + done.stderr);
    for (const problem of [/comand/, /torn\.yaml/]) assert.match(done.stderr, problem);
    assert.deepEqual([await instance_of(daemon, "a"), await instance_of(daemon, "b")], before);
    const session = await LegacySession.open(daemon.url, daemon.token);
    assert.equal(text_of((await session.call("b_echo", { text: "as before" })).message.result), "as before");
    const refused = (await events_of(daemon)).filter((event) => event.kind === "daemon" && event.cause?.code === "GH-C533");
    assert.equal(refused.length, 1);
    files.gateway({ polcy: [] });
    const broken = await daemon.cli(["reload"]);
    assert.equal(broken.code, 9, broken.stderr);
    assert.match(broken.stderr, /polcy/);
  }));

test("a changed policy holds at once for lists and calls, and clients of both eras are told", () =>
  with_daemon([echo("a")], async (daemon, files) => {
    await healthy(daemon, "a");
    const legacy = await Peer.open({ url: daemon.url, token: daemon.token });
    const listening = await legacy.listen();
    const modern = new ModernPeer({ url: daemon.url, token: daemon.token });
    const session = await LegacySession.open(daemon.url, daemon.token);
    assert.ok((await tools_of(session)).includes("a_add"));
    files.gateway({ policy: [{ name: "no-adding", effect: "deny", tools: ["add"] }] });
    await daemon.ok(["reload"]);
    await listening.until("the legacy client is told", (m) => m.method === "notifications/tools/list_changed");
    await listening.drop();
    assert.ok(!(await tools_of(session)).includes("a_add"));
    const refused = await modern.call("a_add", { a: 1, b: 2 });
    assert.match(refused.message.error.message, /Unknown tool/);
    assert.equal(text_of((await session.call("a_echo", { text: "allowed" })).message.result), "allowed");
    const denial = (await journal_of(daemon)).find((record) => record.kind === "denial");
    assert.equal(denial.rule, "no-adding");
  }));

test("a changed virtual server goes on with its sessions, and who left its audience is out", () =>
  with_daemon([echo("a"), echo("b")], async (daemon, files) => {
    await healthy(daemon, "a", "b");
    const second_token = (await daemon.ok(["agent", "create", "second"])).trim();
    const peer = await Peer.open({ url: daemon.url, token: daemon.token });
    const listening = await peer.listen();
    const second = await LegacySession.open(daemon.url, second_token);
    const flying = peer.call("a_sleep", { ms: 1500 });
    await in_flight(daemon, "a");
    files.gateway({ virtual_servers: [server_of(["a", "b"], { audience: { agents: ["demo"] },
      connectors: [{ name: "a", prefix: "x_", tools: { deny: ["add"] } }, { name: "b", prefix: "b_" }] })] });
    await daemon.ok(["reload"]);
    await listening.until("the client is told", (m) => m.method === "notifications/tools/list_changed");
    const names = (await peer.request("tools/list")).message.result.tools.map((tool) => tool.name);
    assert.ok(names.includes("x_echo") && !names.includes("x_add") && !names.includes("a_echo"), names.join());
    assert.equal(text_of((await flying).message.result), "slept 1500 ms");
    assert.equal(text_of((await peer.call("x_echo", { text: "renamed" })).message.result), "renamed");
    assert.equal((await second.request("tools/list")).status, 404);
    await listening.drop();
  }));

test("SIGHUP does what the verb does, and the journal says so", () => with_daemon([echo("a")], async (daemon, files) => {
  await healthy(daemon, "a");
  const before = await instance_of(daemon, "a");
  files.manifest(echo("a", { env: { CHANGED: "1" } }));
  daemon.process.kill("SIGHUP");
  await eventually("a was restarted", async () => (await instance_of(daemon, "a")).instance > before.instance);
  const actions = await eventually("the journal has it", async () => {
    const found = (await journal_of(daemon)).filter((record) => record.action?.startsWith("reload"));
    return found.some((record) => record.action === "reload.applied") && found;
  });
  assert.equal(actions[0].principal, "signal:SIGHUP");
  assert.match(actions.at(-1).target, /changed a/);
}));

test("what needs a restart is named and left as it is", () => with_daemon([echo("a")], async (daemon, files) => {
  files.gateway({ listen: { client: "127.0.0.1:1", admin: "unix:other.sock" }, limits: { sessions: 17 } });
  const said = JSON.parse(await daemon.ok(["reload", "-o", "json", "--socket", path.join(path.dirname(daemon.config), "data/admin.sock")]));
  assert.equal(said.notes.length, 3, said.notes.join());
  for (const [i, word] of ["listen.client", "listen.admin", "limits"].entries()) assert.match(said.notes[i], new RegExp(`^${word} takes effect`));
  assert.equal((await fetch(`${daemon.base}/healthz`)).status, 200);
}));

test("what was stopped stays stopped over a restart of the daemon, until it is started again", () => with_daemon([echo("a"), echo("b")], async (daemon) => {
  await healthy(daemon, "a", "b");
  await daemon.ok(["stop", "a"]);
  await daemon.stop({ keep: true });
  await daemon.relaunch();
  await healthy(daemon, "b");
  assert.equal((await admin(daemon, "connectors/a")).health, "stopped");
  await daemon.ok(["start", "a"]);
  await daemon.stop({ keep: true });
  await daemon.relaunch();
  await healthy(daemon, "a", "b");
}));

test("logs, events, instances and calls go on where they were when the daemon is started again", () => with_daemon([echo("a"), connectors.notes()], async (daemon) => {
  const use = async () => {
    const session = await LegacySession.open(daemon.url, daemon.token);
    await session.call("notes_list");
    await session.call("a_echo", { text: "hello" });
  };
  await use();
  const logs_before = (await admin(daemon, "connectors/notes/logs?n=1000")).records;
  const events_before = await events_of(daemon);
  const instance_before = (await instance_of(daemon, "notes")).instance;
  const calls_before = (await journal_of(daemon)).map((record) => record.call ?? 0);
  await daemon.stop({ keep: true });
  await daemon.relaunch();
  await use();
  const logs = (await admin(daemon, "connectors/notes/logs?n=1000")).records;
  assert.deepEqual(logs.map((record) => record.seq), logs.map((_, i) => i + 1));
  assert.deepEqual(logs.slice(0, logs_before.length), logs_before);
  assert.ok(logs.length > logs_before.length);
  const events = await events_of(daemon);
  assert.deepEqual(events.map((event) => event.seq), events.map((_, i) => i + 1));
  assert.deepEqual(events.slice(0, events_before.length), events_before);
  assert.ok((await instance_of(daemon, "notes")).instance > instance_before);
  const daemon_events = events.filter((event) => event.kind === "daemon").map((event) => event.to);
  assert.deepEqual(daemon_events, ["start", "stop", "start"]);
  const intents = (await journal_of(daemon)).filter((record) => record.kind === "intent").map((record) => record.call);
  assert.equal(new Set(intents).size, intents.length, `call ids ${intents.join()}`);
  assert.ok(intents.at(-1) > Math.max(...calls_before));
}, {}, { "notes-key": "k" }));

test("after kill -9 nothing of the old daemon is left, and the new one serves with a history without gaps", () => with_daemon([echo("a"), echo("b")], async (daemon) => {
  await healthy(daemon, "a", "b");
  await daemon.ok(["stop", "b"]);
  const children = descendants(daemon.pid);
  const before = await instance_of(daemon, "a");
  daemon.process.kill("SIGKILL");
  await daemon.exited;
  await all_gone(children, 5_000);
  await daemon.relaunch();
  await healthy(daemon, "a");
  assert.equal((await admin(daemon, "connectors/b")).health, "stopped");
  assert.ok((await instance_of(daemon, "a")).instance > before.instance);
  const events = await events_of(daemon);
  assert.deepEqual(events.map((event) => event.seq), events.map((_, i) => i + 1));
  assert.equal((await daemon.cli(["audit", "verify"])).code, 0);
}));

test("gatehouse call goes through policy and journal, as the operator and as an agent", () =>
  with_daemon([echo("a")], async (daemon, files) => {
    const direct = await daemon.ok(["call", "a", "echo", "--json", '{"text":"direct"}']);
    assert.match(direct, /direct/);
    assert.match(await daemon.ok(["call", "a", "echo", "--json", '{"text":"as demo"}', "--as", "demo"]), /as demo/);
    assert.notEqual((await daemon.cli(["call", "a", "echo", "--json", '{"text":7}'])).code, 0);
    assert.equal((await daemon.cli(["call", "a", "nothing"])).code, 5);
    assert.equal((await daemon.cli(["call", "a", "echo", "--as", "nobody"])).code, 5);
    files.gateway({ policy: [{ name: "not-the-operator", effect: "deny", principals: ["operator:*"], tools: ["add"] },
                             { name: "not-demo", effect: "deny", principals: ["agent:demo"], tools: ["echo"] }] });
    await daemon.ok(["reload"]);
    assert.notEqual((await daemon.cli(["call", "a", "add", "--json", '{"a":1,"b":2}'])).code, 0);
    assert.match(await daemon.ok(["call", "a", "add", "--json", '{"a":1,"b":2}', "--as", "demo"]), /3/);
    assert.notEqual((await daemon.cli(["call", "a", "echo", "--json", '{"text":"x"}', "--as", "demo"])).code, 0);
    const records = (await journal_of(daemon)).filter((record) => record.call);
    const operator = `operator:uid:${process.getuid()}`;
    const intent = records.find((record) => record.kind === "intent" && record.principal === operator);
    const outcome = records.find((record) => record.kind === "outcome" && record.call === intent.call);
    assert.equal(outcome.outcome, "result");
    const denied = records.filter((record) => record.kind === "denial" && record.decision === "deny").map((record) => record.rule);
    assert.deepEqual(denied.filter((rule) => rule.startsWith("not-")), ["not-the-operator", "not-demo"]);
  }));
