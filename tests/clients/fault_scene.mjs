// What the fault scenarios share: the faulty connector, the state of a connector as the admin API tells it, a neighbour that is
// called all the time, and the rows of the table. The rows of one run are kept in the build folder, for faults_table.mjs.
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import assert from "node:assert/strict";
import { build, connectors, eventually, text_of } from "./harness.mjs";
import { Gateway, sleep } from "./fixtures.mjs";
import { ModernPeer } from "./peer.mjs";

export const rows_folder = path.join(build, "tests/faults");

export const faulty = (name, args = [], run = {}, more = {}) => connectors.dir(name, path.join(build, "connectors/faulty"),
  { command: ["./faulty", ...args.map(String)], concurrency: 64, ...run }, more);
// Soon again after a failure, so that a scenario does not wait for its end.
export const quick_restart = { restart: { initial: "200ms", max: "1s", jitter: 0 } };
// Liveness that tells within a second.
export const quick_liveness = { health: { liveness: { period: "300ms", timeout: "200ms", failures: 3 } } };

// GET of the admin API, as JSON.
export function admin(daemon, resource, method = "GET") {
  const socketPath = path.join(path.dirname(daemon.config), "data/admin.sock");
  return new Promise((resolve, reject) => {
    const request = http.request({ socketPath, path: `/api/v1/${resource}`, method, headers: { host: "localhost" }, timeout: 20_000 }, (response) => {
      let text = "";
      response.on("data", (bytes) => { text += bytes; });
      response.on("end", () => {
        try { resolve(JSON.parse(text)); } catch { reject(new Error(`${method} ${resource}: ${response.statusCode} ${text.slice(0, 300)}`)); }
      });
    });
    request.on("timeout", () => request.destroy(new Error(`${method} ${resource}: no answer`)));
    request.on("error", reject);
    request.end();
  });
}

const name_of = (condition) => (typeof condition === "string" ? condition : condition.name);

// The state of one connector in the few words the table has.
export async function state_of(daemon, name) {
  const row = await admin(daemon, `connectors/${name}`);
  const health = typeof row.health === "object" ? row.health.word ?? row.health.health : row.health;
  return { health, cause: row.cause?.code ?? "", conditions: (row.conditions ?? []).map(name_of).sort(), row };
}

const matches = (state, expected) => state.health === expected.health && (expected.cause === undefined || state.cause === expected.cause) &&
  (expected.condition === undefined || state.conditions.includes(expected.condition));
export const words_of = ({ health, cause, condition }) => [health, cause, condition].filter(Boolean).join(" ");

// Watches until the state is the expected one; gives the state and how long it took. Never fails: what is seen last is the finding.
export async function watch_for(daemon, name, expected, deadline_ms) {
  const begun = performance.now();
  let state;
  do {
    state = await state_of(daemon, name);
    if (matches(state, expected)) break;
    await sleep(15);
  } while (performance.now() - begun < deadline_ms);
  return { state, ms: performance.now() - begun, met: matches(state, expected) };
}

// What became of a call, in the words of the table: answered, what it says of a retry, or else the code.
export function told_of(out) {
  const body = JSON.stringify(out?.message ?? out?.text ?? "");
  const failed = out?.message?.error || out?.message?.result?.isError || out?.status >= 400;
  if (!failed) return out?.message?.result ? "answered" : "nothing";
  const delivery = /"delivery":"(\w+)"/.exec(body)?.[1];
  if (delivery) return delivery.replaceAll("_", " ");
  if (/may have run/.test(body)) return "may have run";
  return /GH-[A-Z]\d{3}/.exec(body)?.[0] ?? `error ${body.slice(0, 120)}`;
}

// A second connector that is called every few milliseconds while the scenarios run.
class Neighbour {
  times = [];
  failures = [];
  constructor(peer) { this.peer = peer; this.run = this.#run(); }
  async #run() {
    for (let i = 0; !this.ended; ++i) {
      const text = `n${i}`, begun = performance.now();
      try {
        const { message } = await this.peer.call("echo", { text });
        if (text_of(message?.result ?? {}) !== text) this.failures.push(JSON.stringify(message).slice(0, 200));
      } catch (error) {
        this.failures.push(String(error));
      }
      this.times.push(performance.now() - begun);
      await sleep(3);
    }
  }
  mark() { return this.times.length; }
  p99_since(mark) { const sorted = this.times.slice(mark).sort((a, b) => a - b); return sorted[Math.floor(sorted.length * 0.99)] ?? 0; }
  async stop() { this.ended = true; await this.run; }
}

// A round figure for the table, so that two runs give the same text.
export const rounded = (ms) => `≤ ${[0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60].find((s) => ms <= s * 1000) ?? 120} s`;

// Other tests use the same cores, so this only tells of a neighbour that stands still; tests/soak measures the ratio.
const neighbour_p99_max_ms = 1_000;

export class FaultStage {
  rows = [];
  // `list`: the connectors of the scenarios; a neighbour is added.
  static async start(part, list, gateway = {}) {
    const stage = new FaultStage();
    stage.part = part;
    stage.gateway = await Gateway.start([...list, connectors.echo({ instances: { min: 1 } })], gateway);
    stage.daemon = stage.gateway.daemon;
    const peer = new ModernPeer(stage.gateway.target("echo", "second"));
    await eventually("the neighbour answers", async () => told_of(await peer.call("echo", { text: "up" })) === "answered", 20_000);
    stage.neighbour = new Neighbour(peer);
    return stage;
  }
  peer(name, agent = "demo") { return new ModernPeer(this.gateway.target(name, agent)); }
  // Notes one row, and gives what to assert on.
  note(fault, expected, seen, ms) { this.rows.push({ fault, expected, seen, within: rounded(ms), ms: Math.round(ms) }); }

  // One scenario: `act(peer)` makes the fault and gives the calls in flight as promises; then the state, what the callers were
  // told, and whether it serves again are compared with what is expected.
  async play({ fault, name, act, health, cause, condition, told, within_ms = 1_000, serves_within_ms = 5_000, serves = true }) {
    const peer = this.peer(name), mark = this.neighbour.mark(), failed_before = this.neighbour.failures.length;
    const flying = await act(peer, this);
    const expected_state = { health, cause, condition };
    // Where nothing is to be wrong, what is seen before the end says nothing.
    if (health === "healthy") await Promise.all(flying).then(() => sleep(100));
    const watched = await watch_for(this.daemon, name, expected_state, within_ms + 2_000);
    const outs = (await Promise.all(flying)).map(told_of);
    const expected = [words_of(expected_state), ...(told ? [`told: ${told}`] : [])].join("; ");
    const seen_state = { health: watched.state.health, cause: cause === undefined ? "" : watched.state.cause,
      condition: condition === undefined ? "" : watched.state.conditions.find((c) => c === condition) ?? `(${watched.state.conditions.join(", ")})` };
    const seen = [words_of(seen_state), ...(told ? [`told: ${[...new Set(outs)].join(" / ")}`] : [])].join("; ");
    this.note(fault, expected, seen, watched.ms);
    assert.equal(seen, expected, JSON.stringify(watched.state.row));
    assert.ok(watched.ms <= within_ms, `it took ${Math.round(watched.ms)} ms, at most ${within_ms}`);
    if (serves) {
      await eventually(`${name} serves again`, async () => told_of(await peer.call("ok")) === "answered", serves_within_ms);
    }
    assert.deepEqual(this.neighbour.failures.slice(failed_before), [], "calls of the neighbour failed");
    const p99 = this.neighbour.p99_since(mark);
    assert.ok(p99 < neighbour_p99_max_ms, `p99 of the neighbour ${p99.toFixed(1)} ms`);
  }

  async stop() {
    fs.mkdirSync(rows_folder, { recursive: true });
    fs.writeFileSync(path.join(rows_folder, `${this.part}.json`), JSON.stringify(this.rows, null, 2));
    await this.neighbour?.stop();
    await this.gateway?.stop();
  }
}

export const call_fault = (peer, kind, more = {}) => peer.call("fault", { kind, ...more });
