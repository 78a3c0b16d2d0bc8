// Faults of the protocol between the daemon and a connector: the state and cause each must give, what the caller is told, that the
// connector's next caller is served, and that another connector does not notice.
import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { eventually, text_of } from "./harness.mjs";
import { sleep } from "./fixtures.mjs";
import { FaultStage, call_fault, faulty, quick_liveness, quick_restart, state_of, told_of } from "./fault_scene.mjs";

const list = [];
const scenes = [];
function scene(name, fault, { args = [], run = {}, more = {}, ...rest }) {
  list.push(faulty(name, args, { timeouts: { call: "1500ms", stop: "500ms" }, ...run }, { ...quick_restart, ...more }));
  scenes.push({ name, fault, cause: "", ...rest });
}
const in_call = (kind, more) => async (peer) => { await peer.call("ok"); return [call_fault(peer, kind, more)]; };
const noise = { health: "degraded", cause: "GH-M401", condition: "stdout_noise", told: "answered" };
const fine = { health: "healthy", told: "answered" };
const unanswered = { health: "healthy", told: "timed out", within_ms: 1_000 };

scene("stray", "stray text on stdout", { act: in_call("stray_text"), ...noise });
scene("ansi", "ANSI sequences on stdout", { act: in_call("ansi"), ...noise });
scene("bom", "a byte order mark before the answer", { act: in_call("bom"), ...fine });
scene("crlf", "CRLF at the end of the answer", { act: in_call("crlf"), ...fine });
scene("stray-utf8", "a line that is no UTF-8", { act: in_call("stray_utf8"), ...noise });
scene("nul", "NUL bytes on stdout", { act: in_call("nul"), ...noise });
scene("invalid-utf8", "an answer that is no UTF-8", { act: in_call("invalid_utf8"), health: "healthy", told: "may have run" });
scene("line-10", "an answer of 10 MiB", { act: in_call("long_answer", { n: 10 }), ...fine });
scene("line-20", "an answer of 20 MiB, over the limit", { act: in_call("long_answer", { n: 20 }), health: "healthy", told: "GH-M402" });
scene("line-100", "an answer of 100 MiB, over the limit", { act: in_call("long_answer", { n: 100 }), health: "healthy", told: "GH-M402" });
// Its probes are far apart: the answer to one would end the line.
scene("endless", "a line of 40 MiB whose end never comes", { act: in_call("endless_line", { n: 40 }), health: "unhealthy", cause: "GH-M402", told: "timed out",
  within_ms: 15_000, more: { health: { liveness: { period: "60s" } }, restart: { initial: "1s", jitter: 0 } } });
scene("endless-long", "a line of 300 MiB whose end never comes", { act: in_call("endless_line", { n: 300 }), health: "unhealthy", cause: "GH-M402", told: "may have run",
  run: { timeouts: { call: "20s", stop: "500ms" } }, within_ms: 10_000, more: { restart: { initial: "1s", jitter: 0 } } });
scene("deep", "an answer of 100,000 nested arrays", { act: in_call("deep", { n: 100_000 }), health: "healthy", told: "may have run" });
scene("both", "an answer with both result and error", { act: in_call("result_and_error"), health: "healthy", told: "may have run" });
scene("duplicate", "the same answer twice", { act: in_call("duplicate"), ...fine });
scene("unknown", "answers to ids nobody asked for, then the right one", { act: in_call("unknown_id"), ...fine });
scene("only-unknown", "an answer to an id nobody asked for, and no other", { act: in_call("only_unknown_id"), ...unanswered });
scene("late", "the answer after its deadline", { act: in_call("late", { ms: 2_000 }), ...unanswered });
scene("silent", "never answers one call", { act: in_call("silent"), ...unanswered });
scene("drip", "an answer one byte each 5 ms", { act: in_call("drip", { n: 5 }), ...fine });
scene("deaf", "does not read stdin any more", { act: in_call("deaf"), health: "unhealthy", cause: "GH-P307", told: "may have run",
  run: { timeouts: { call: "10s", stop: "500ms" } }, within_ms: 6_000, more: { ...quick_liveness, restart: { initial: "1s", jitter: 0 } } });
scene("deaf-full", "does not read stdin, with 32 calls of 64 KiB", { act: async (peer) => {
  await peer.call("ok");
  const first = call_fault(peer, "deaf");
  return [first, ...Array.from({ length: 32 }, () => peer.call("ok", { text: "x".repeat(65_536) }))];
}, health: "unhealthy", cause: "GH-P307", within_ms: 6_000, run: { timeouts: { call: "10s", stop: "500ms" } },
more: { ...quick_liveness, restart: { initial: "1s", jitter: 0 } } });
scene("notifications", "10,000 notifications a second", { act: in_call("notifications", { n: 10_000, ms: 1_000 }), ...fine });
scene("flood", "100 MiB a second of stderr for 2 s", { act: in_call("flood_stderr_aside", { n: 100, ms: 2_000 }), health: "degraded", cause: "GH-L801",
  condition: "logs_dropped", told: "answered", within_ms: 2_000 });
scene("early", "list_changed before initialize is answered", { args: ["--early-list-changed"], act: async (peer) => [peer.call("ok")], ...fine });
scene("rpc-error", "answers with JSON-RPC error -32603", { act: in_call("rpc_error", { text: "broken" }), health: "healthy", told: undefined });
scene("too-many", "more than 10,000 tools", { args: ["--tools", 10_000], act: async (peer) => [peer.call("ok")], health: "unhealthy", cause: "GH-M403", serves: false,
  more: { restart: { initial: "30s", max: "60s" } } });
scene("early-noise", "stray text before initialize is answered", { args: ["--at", "initialize", "--kind", "stray_text"], act: async (peer) => [peer.call("ok")], ...noise });

let stage;
list.push(faulty("many-tools", ["--tools", 9_997], {}, quick_restart));
list.push(faulty("cancels", [], {}, quick_restart));
before(async () => { stage = await FaultStage.start("protocol", list); });
after(() => stage?.stop());

describe("faults of the protocol", { concurrency: 5 }, () => {
  for (const one of scenes) it(one.fault, () => stage.play(one));

  it("answers after the call was cancelled", async () => {
    const fault = "answers after the call was cancelled", peer = stage.peer("cancels");
    await peer.call("ok");
    const running = peer.begin_call("fault", { kind: "answer_when_cancelled" });
    await eventually("the call is in flight", async () => (await state_of(stage.daemon, "cancels")).row.in_flight > 0);
    const begun = performance.now();
    await running.drop();
    const row = await eventually("the call is over", async () => {
      const state = await state_of(stage.daemon, "cancels");
      return state.row.in_flight === 0 && state;
    });
    const ms = performance.now() - begun;
    await sleep(100);
    const again = await peer.call("ok", { text: "next" });
    const seen = `${row.health}; told: ${text_of(again.message?.result ?? {}) === "next" ? "the next call is answered" : told_of(again)}`;
    stage.note(fault, "healthy; told: the next call is answered", seen, ms);
    assert.equal(seen, "healthy; told: the next call is answered");
  });

  it("10,000 tools", async () => {
    const fault = "10,000 tools", peer = stage.peer("many-tools"), begun = performance.now();
    await peer.call("ok");
    let count = 0, cursor;
    do {
      const { message } = await peer.request("tools/list", cursor ? { cursor } : {});
      assert.ok(message?.result, JSON.stringify(message).slice(0, 300));
      count += message.result.tools.length;
      cursor = message.result.nextCursor;
    } while (cursor);
    const seen = `${(await state_of(stage.daemon, "many-tools")).health}; ${count} tools`;
    stage.note(fault, "healthy; 10000 tools", seen, performance.now() - begun);
    assert.equal(seen, "healthy; 10000 tools");
  });
});
