// Faults of the process of a connector, with the real daemon: the state, cause and time each must give, what the callers in flight are
// told, and that another connector does not notice.
import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import fs from "node:fs";
import { descendants, eventually } from "./harness.mjs";
import { script, sleep } from "./fixtures.mjs";
import { FaultStage, admin, call_fault, faulty, quick_liveness, quick_restart, state_of, told_of } from "./fault_scene.mjs";

const state_volume = { sandbox: { writable: ["state"] } };
const limited = (limits) => ({ sandbox: { limits } });
const list = [];
const scenes = [];
// A scenario with a connector of its own.
function scene(name, fault, { args = [], run = {}, more = {}, ...rest }) {
  list.push(faulty(name, args, run, { ...quick_restart, ...more }));
  scenes.push({ name, fault, ...rest });
}
const exits_at = (stage, n, kind = "exit") => ["--at", stage, "--kind", kind, "--n", n];
// The call that wakes it; it is in flight while the fault comes.
const wake = async (peer) => [peer.call("ok")];
const in_call = (kind, more) => async (peer) => { await peer.call("ok"); return [call_fault(peer, kind, more)]; };
// The callers in flight hear the cause that health has, not only that the session ended.
const told_why = (code, act) => async (peer, stage) => (await act(peer, stage)).map(async (call) => {
  const out = await call;
  assert.match(JSON.stringify(out?.message ?? out?.text ?? ""), new RegExp(code));
  return out;
});
// Answered first; the fault comes while nothing is in flight.
const idle = (kind, more = {}) => async (peer) => { await call_fault(peer, kind, { ...more, after_ms: 50 }); await sleep(40); return []; };

// The processes of a connector, as the host sees them; the jail's own are the first two.
async function processes_of(stage, name) {
  const { row } = await state_of(stage.daemon, name);
  return descendants(row.jail_pid);
}
const server_of = (processes) => processes.find(({ pid }) => /faulty/.test(fs.readFileSync(`/proc/${pid}/comm`, "utf8"))).pid;
const kill_server = async (stage, name) => {
  const found = await eventually("its process runs", async () => {
    try { return server_of(await processes_of(stage, name)); } catch { return undefined; }
  });
  process.kill(found, "SIGKILL");
};

for (const [n, at] of [[0, "start"], [1, "start"], [1, "initialize"], [3, "list"]]) {
  scene(`exit-${n}-${at}`, `exit ${n} at ${at}`, { args: exits_at(at, n), run: {}, act: wake, health: "unhealthy", cause: "GH-P301",
    within_ms: 1_500, serves: false, more: { restart: { initial: "30s", max: "60s" } } });
}
for (const n of [78, 126, 127]) {
  for (const at of ["start", "initialize"]) {
    scene(`exit-${n}-${at}`, `exit ${n} at ${at}`, { args: exits_at(at, n), act: wake, health: "misconfigured", cause: "GH-P305",
      told: "never sent", within_ms: 1_500, serves: false });
  }
}
// Its tools are known from an earlier start; the mark makes every later one fail.
for (const [n, health, cause] of [[78, "misconfigured", "GH-P305"], [1, "unhealthy", "GH-P301"]]) {
  const name = `later-${n}`;
  scene(name, `exit ${n} at start, of one that was ready before`, { args: [...exits_at("start", n), "--if", "/data/state/mark"], act: async (peer, stage) => {
    await call_fault(peer, "mark");
    await stage.daemon.cli(["restart", name]);
    return [peer.call("ok")];
  }, health, cause, told: "never sent", within_ms: 1_500, serves: false, more: { ...state_volume, restart: { initial: "30s", max: "60s" } } });
}
for (const n of [1, 78, 127]) {
  scene(`exit-${n}-call`, `exit ${n} in a call`, { act: in_call("exit", { n }), health: "unhealthy", cause: "GH-P301",
    told: "may have run", more: { restart: { initial: "1s", jitter: 0 } } });
}
scene("exit-0-idle", "exit 0 while idle", { act: idle("exit", { n: 0 }), health: "idle", cause: "GH-P301" });
scene("exit-0-always", "exit 0 while idle, restart policy always", { act: idle("exit", { n: 0 }), health: "unhealthy", cause: "GH-P301",
  more: { restart: { policy: "always", initial: "1s", jitter: 0 } } });
scene("exit-1-idle", "exit 1 while idle", { act: idle("exit", { n: 1 }), health: "unhealthy", cause: "GH-P301",
  more: { restart: { initial: "1s", jitter: 0 } } });
scene("exit-1-back", "exit 1 while idle, once it is back", { act: idle("exit", { n: 1 }), health: "degraded", cause: "GH-P301",
  condition: "restarted", within_ms: 15_000 });
for (const [word, n] of [["SEGV", 11], ["ABRT", 6], ["BUS", 7]]) {
  scene(`signal-${word.toLowerCase()}`, `SIG${word} in a call`, { act: told_why("GH-P302", in_call("signal", { n })), health: "unhealthy", cause: "GH-P302",
    told: "may have run", more: { restart: { initial: "1s", jitter: 0 } } });
}
scene("sigsys", "SIGSYS by a call of a foreign ABI", { act: told_why("GH-S604", in_call("foreign_abi")), health: "unhealthy", cause: "GH-S604",
  told: "may have run", more: { restart: { initial: "1s", jitter: 0 } } });
scene("kill-idle", "kill -9 from outside while idle", { act: async (peer, stage) => { await peer.call("ok"); await kill_server(stage, "kill-idle"); return []; },
  health: "unhealthy", cause: "GH-P308", more: { restart: { initial: "1s", jitter: 0 } } });
scene("kill-call", "kill -9 from outside in a call", { act: told_why("GH-P308", async (peer, stage) => {
  await peer.call("ok");
  const flying = [peer.call("fault", { kind: "silent" })];
  await eventually("the call is in flight", async () => (await state_of(stage.daemon, "kill-call")).row.in_flight > 0);
  await kill_server(stage, "kill-call");
  return flying;
}), health: "unhealthy", cause: "GH-P308", told: "may have run", more: { restart: { initial: "1s", jitter: 0 } } });
scene("kill-handshake", "kill -9 from outside in the handshake", { args: ["--at", "list", "--kind", "wedged"], act: async (peer, stage) => {
  const flying = [peer.call("ok")];
  await eventually("it is in its handshake", async () => (await state_of(stage.daemon, "kill-handshake")).row.lifecycle === "handshake");
  await sleep(100);
  await kill_server(stage, "kill-handshake");
  return flying;
}, health: "unhealthy", cause: "GH-P308", serves: false, more: { restart: { initial: "30s", max: "60s" } } });
scene("kill-probe", "kill -9 from outside before initialize is answered", { args: ["--at", "initialize", "--kind", "wedged"], act: async (peer, stage) => {
  const flying = [peer.call("ok")];
  await eventually("it is in its handshake", async () => (await state_of(stage.daemon, "kill-probe")).row.lifecycle === "handshake");
  await sleep(100);
  await kill_server(stage, "kill-probe");
  return flying;
}, health: "unhealthy", cause: "GH-P308", serves: false, more: { restart: { initial: "30s", max: "60s" } } });
scene("startup", "silent in the handshake", { args: ["--at", "initialize", "--kind", "wedged"], run: { timeouts: { startup: "1s", stop: "1s" } }, act: wake,
  health: "unhealthy", cause: "GH-P306", within_ms: 4_000, serves: false, more: { restart: { initial: "30s", max: "60s" } } });
scene("oom", "out of memory at its own limit", { act: told_why("GH-P303", in_call("memory", { n: 200 })), health: "unhealthy", cause: "GH-P303", told: "may have run",
  within_ms: 2_000, more: { ...limited({ memory: "64MiB" }), restart: { initial: "1s", jitter: 0 } } });
scene("pids", "fork bomb, then exit 1", { act: told_why("GH-P309", async (peer) => {
  await call_fault(peer, "fork_bomb", { n: 500 });
  return [call_fault(peer, "exit", { n: 1 })];
}), health: "unhealthy", cause: "GH-P309", told: "may have run", more: { ...limited({ pids: 24 }), restart: { initial: "1s", jitter: 0 } } });
scene("pids-lives", "fork bomb that goes on", { act: in_call("fork_bomb", { n: 500 }), health: "healthy", cause: "", told: "answered",
  more: limited({ pids: 24 }) });
scene("wedged", "nothing answered, no CPU used", { act: in_call("wedged"), health: "unhealthy", cause: "GH-P307", told: "may have run",
  within_ms: 6_000, run: { timeouts: { stop: "500ms" } }, more: { ...quick_liveness, restart: { initial: "1s", jitter: 0 } } });
scene("sigstop", "SIGSTOP of itself", { act: async (peer) => { await call_fault(peer, "stop_itself", { after_ms: 20 }); return [call_fault(peer, "late", { ms: 1000 })]; },
  health: "unhealthy", cause: "GH-P307", told: "may have run", within_ms: 6_000, run: { timeouts: { stop: "500ms" } },
  more: { ...quick_liveness, restart: { initial: "1s", jitter: 0 } } });
scene("busy", "no probe answered while CPU time advances", { act: in_call("busy", { ms: 3_000 }), health: "degraded", condition: "busy",
  told: "answered", within_ms: 2_500, more: quick_liveness });
scene("spin", "50 threads that spin", { act: in_call("spin_aside", { n: 50, ms: 2_000 }), health: "healthy", cause: "", told: "answered" });
scene("fill-tmp", "fills /tmp", { act: in_call("fill_tmp", { n: 64 }), health: "healthy", cause: "", told: "answered", more: limited({ tmp: "16MiB" }) });
scene("fill-state", "fills its volume with 64 MiB", { act: in_call("fill_state", { n: 64 }), health: "healthy", cause: "", told: "answered", more: state_volume });
scene("descriptors", "uses up its descriptors", { act: in_call("descriptors"), health: "healthy", cause: "", told: "answered" });
scene("stderr-flood", "stderr flood as fast as it is taken", { act: in_call("flood_stderr_aside", { n: 0, ms: 1_500 }), health: "degraded", cause: "GH-L801",
  condition: "logs_dropped", told: "answered", within_ms: 2_000 });
scene("stdout-closed", "closes stdout and stays", { args: ["--ignore-eof", "--ignore-term"], run: { timeouts: { stop: "500ms" } }, act: idle("close_stdout"),
  health: "unhealthy", cause: "GH-P307", within_ms: 8_000, more: { restart: { initial: "1s", jitter: 0 } } });
scene("crash-loop", "exit 1 at start, again and again", { args: exits_at("start", 1), act: wake, health: "crash_loop", cause: "GH-P301", within_ms: 4_000, serves: false });
scene("budget", "exit 1 at start until the budget is used up", { args: exits_at("start", 1), act: wake, health: "failed", cause: "GH-P301", within_ms: 6_000, serves: false,
  more: { restart: { initial: "100ms", max: "1s", jitter: 0, failures: 4, window: "1m" } } });
scene("violations", "three sandbox violations", { args: exits_at("initialize", 0, "foreign_abi"), act: wake, health: "quarantined", cause: "GH-S604", within_ms: 6_000, serves: false });
scene("read-only", "exit 1 in a call of a read-only tool, once", { act: async (peer) => {
  await peer.call("ok");
  return [peer.call("read", { kind: "exit", n: 1, once: "/data/state/done" })];
}, health: "degraded", cause: "GH-P301", condition: "restarted", told: "answered", within_ms: 15_000, more: state_volume });
scene("waiting", "exit 1 in a call, with others not yet sent", { run: { concurrency: 1 }, act: async (peer) => {
  await peer.call("ok");
  const first = call_fault(peer, "exit_later", { n: 1, ms: 300 });
  await eventually("the first is in flight", async () => (await state_of(stage.daemon, "waiting")).row.in_flight > 0);
  const queued = Array.from({ length: 5 }, () => peer.call("ok"));
  assert.equal(told_of(await first), "may have run");
  return queued;
}, health: "degraded", cause: "GH-P301", condition: "restarted", told: "answered", within_ms: 15_000 });

let stage;
list.push(faulty("no-stop", ["--ignore-term", "--ignore-eof"], { timeouts: { stop: "1s", drain: "1s" } }, quick_restart));
for (let i = 1; i <= 50; ++i) list.push(faulty(`many-${i}`, [], {}, quick_restart));
list.push(faulty("recorded", [], {}, { restart: { initial: "30s", max: "60s" } }));
list.push(faulty("leaves", [], { timeouts: { stop: "1s" } }, quick_restart));
const bad_interpreter = script("bad-interpreter", "#!/no/such/interpreter\n");
bad_interpreter.run.command = ["./server.py"];
fs.chmodSync(`${bad_interpreter.source.dir.path}/server.py`, 0o755);
const no_program = script("no-program", "\u0001 this is no program\n");
no_program.run.command = ["./server.py"];
fs.chmodSync(`${no_program.source.dir.path}/server.py`, 0o755);
list.push(bad_interpreter, no_program);
for (const name of ["bad-interpreter", "no-program"]) {
  scenes.push({ name, fault: name === "no-program" ? "exec fails: no program (ENOEXEC)" : "exec fails: no such interpreter (ENOENT)", act: wake, health: "misconfigured",
    cause: "GH-P305", told: "never sent", within_ms: 1_500, serves: false });
}

before(async () => { stage = await FaultStage.start("process", list); });
after(() => stage?.stop());

describe("faults of the process", { concurrency: 5 }, () => {
  for (const one of scenes) it(one.fault, () => stage.play(one));

  for (const [name, fault, prepare] of [["no-stop", "ignores SIGTERM and the end of stdin, then is stopped", async () => {}],
    ["leaves", "leaves a daemon behind (double fork), then is stopped", (peer) => call_fault(peer, "daemon")]]) {
    it(fault, async () => {
      const peer = stage.peer(name);
      await peer.call("ok");
      await prepare(peer);
      const processes = await processes_of(stage, name);
      assert.ok(processes.length >= 1);
      const begun = performance.now();
      const done = await stage.daemon.cli(["stop", name]);
      const ms = performance.now() - begun;
      const left = processes.filter(({ pid }) => fs.existsSync(`/proc/${pid}`));
      const { health } = await state_of(stage.daemon, name);
      const seen = `${health}; exit ${done.code}; ${left.length} processes left`;
      stage.note(fault, "stopped; exit 0; 0 processes left", seen, ms);
      assert.equal(seen, "stopped; exit 0; 0 processes left", done.stderr);
      assert.ok(ms < 9_000, `${ms} ms`);
    });
  }

  it("what is kept of a crash: the exit, the last lines, the calls in flight and what each caller was told, and the events", async () => {
    const name = "recorded", peer = stage.peer(name);
    await peer.call("ok");
    const silent = call_fault(peer, "silent");
    await eventually("the call is in flight", async () => (await state_of(stage.daemon, name)).row.in_flight > 0);
    const begun = performance.now();
    const told = [told_of(await call_fault(peer, "exit", { n: 9 })), told_of(await silent)];
    assert.deepEqual(told, ["may have run", "may have run"]);
    const { crashes } = await eventually("the crash is recorded", async () => {
      const found = await admin(stage.daemon, `connectors/${name}/crashes`);
      return found.crashes?.length > 0 && found;
    });
    const [{ cause, exit, calls, last_lines }] = crashes;
    const seen = `${cause.code} ${exit.result} ${exit.code}; ${calls.map((call) => `${call.target} ${call.told}`).join(", ")}`;
    stage.note("a crash with two calls in flight, as it is recorded", "GH-P301 exited 9; fault may_have_run, fault may_have_run", seen, performance.now() - begun);
    assert.equal(seen, "GH-P301 exited 9; fault may_have_run, fault may_have_run");
    assert.ok(last_lines.length > 0);
    const { row } = await state_of(stage.daemon, name);
    assert.equal(row.evidence.health, row.health);
    assert.deepEqual([row.evidence.source, row.evidence.confidence, row.evidence.exit.code], ["S4", "certain", 9]);
    const { events } = await eventually("the event of the new health", async () => {
      const found = await admin(stage.daemon, `events?connector=${name}`);
      return found.events?.some((event) => event.kind === "health" && event.to === "unhealthy") && found;
    });
    assert.ok(events.some((event) => event.kind === "exit" && event.cause?.code === "GH-P301"));
    const next = await peer.call("ok");
    assert.equal(told_of(next), "never sent");
    assert.ok(next.message.error.data.retry_after_ms > 1_000, JSON.stringify(next.message));
  });

  it("50 connectors crash at once", async () => {
    const fault = "50 connectors crash at once", names = Array.from({ length: 50 }, (_, i) => `many-${i + 1}`);
    const mark = stage.neighbour.mark(), failed_before = stage.neighbour.failures.length;
    await Promise.all(names.map((name) => stage.peer(name).call("ok")));
    const begun = performance.now();
    const told = (await Promise.all(names.map((name) => call_fault(stage.peer(name), "exit", { n: 1 })))).map(told_of);
    await Promise.all(names.map((name) => eventually(`${name} serves again`, async () => told_of(await stage.peer(name).call("ok")) === "answered", 15_000)));
    const ms = performance.now() - begun;
    const seen = `all serve again; told: ${[...new Set(told)].join(" / ")}`;
    stage.note(fault, "all serve again; told: may have run", seen, ms);
    assert.equal(seen, "all serve again; told: may have run");
    assert.deepEqual(stage.neighbour.failures.slice(failed_before), []);
    assert.ok(ms < 10_000, `${ms} ms`);
    assert.ok(stage.neighbour.p99_since(mark) < 1_000, `p99 of the neighbour ${stage.neighbour.p99_since(mark)} ms`);
  });
});
