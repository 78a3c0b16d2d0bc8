// 300 connectors on this machine: what listing them costs, what they cost idle, and whether one that misbehaves is felt by the others. The
// windows with and without the fault alternate in one run; what counts is the ratio.
//   node three_hundred.mjs --connectors 300 --rounds 5 --window-ms 3000
import { FaultStage, call_fault, faulty, told_of } from "../clients/fault_scene.mjs";
import { sleep } from "../clients/fixtures.mjs";
import { footprint, keep_results, median, option, processes, quantile } from "./measure.mjs";

const count = option("connectors", 300), rounds = option("rounds", 5), window_ms = option("window-ms", 3_000), idle_ms = option("idle-ms", 10_000);
const names = Array.from({ length: count }, (_, i) => `c${String(i + 1).padStart(3, "0")}`);
const restart = { restart: { policy: "always", initial: "100ms", max: "100ms", jitter: 0, failures: 1000, window: "2m" } };
const begun = performance.now();
const stage = await FaultStage.start("soak-many", [...names, "bad"].map((name) => faulty(name, [], { instances: { min: name === "bad" ? 0 : 1 } }, restart)));
await stage.neighbour.stop();

const all_ready = async () => {
  const rows = JSON.parse(await stage.daemon.ok(["ls", "-o", "json"]));
  const list = Array.isArray(rows) ? rows : rows.connectors;
  return list.filter((row) => row.lifecycle === "ready").length >= count;
};
const cpu_ticks = () => processes().find((one) => one.pid === stage.daemon.pid).ticks;

// Calls of a few of the others, one after the other, until the end; gives their times.
async function calls_of(others, until) {
  const times = [];
  let failed = 0;
  const peers = others.map((name) => stage.peer(name));
  for (let i = 0; !until.ended; ++i) {
    const start = performance.now();
    if (told_of(await peers[i % peers.length].call("ok")) !== "answered") ++failed;
    times.push(performance.now() - start);
    await sleep(1);
  }
  return { times, failed };
}
async function window(fault) {
  const until = { ended: false }, bad = stage.peer("bad");
  const measuring = calls_of(names.slice(0, 20), until);
  const end = performance.now() + window_ms;
  const breaking = fault && (async () => {
    while (performance.now() < end) { await fault(bad); }
  })();
  await sleep(window_ms);
  until.ended = true;
  const { times, failed } = await measuring;
  await breaking;
  return { p50: quantile(times, 0.5), p99: quantile(times, 0.99), calls: times.length, failed };
}
const breaks = {
  "crashing as soon as it is back (backoff 100 ms)": async (bad) => { await call_fault(bad, "exit", { n: 1 }); await sleep(10); },
  "flooding 100 MiB/s of stderr": (bad) => call_fault(bad, "flood_stderr", { n: 100, ms: window_ms }),
  "spinning in 50 threads": async (bad) => { await call_fault(bad, "spin_aside", { n: 50, ms: window_ms }); await sleep(window_ms); },
};

try {
  while (!(await all_ready())) {
    if (performance.now() - begun > 120_000) throw new Error("not all connectors are ready within 120 s");
    await sleep(200);
  }
  const results = { connectors: count, all_ready_s: Number(((performance.now() - begun) / 1000).toFixed(1)), daemon: footprint(stage.daemon.pid) };
  const listing = [];
  for (let i = 0; i < 20; ++i) {
    const start = performance.now();
    await stage.daemon.ok(["ls"]);
    listing.push(performance.now() - start);
  }
  results.ls_ms = { p50: Math.round(quantile(listing, 0.5)), max: Math.round(Math.max(...listing)) };
  await sleep(2_000);
  const ticks = cpu_ticks();
  await sleep(idle_ms);
  results.idle_cpu_percent = Number(((cpu_ticks() - ticks) / 100 / (idle_ms / 1000) * 100).toFixed(2));
  results.ratios = {};
  for (const [name, fault] of Object.entries(breaks)) {
    const plain = [], broken = [];
    for (let round = 0; round < rounds; ++round) {
      plain.push(await window());
      broken.push(await window(fault));
      // What the fault left (a restart, threads) is over before the next window.
      await sleep(500);
    }
    const p99 = (list) => median(list.map((one) => one.p99));
    results.ratios[name] = { plain_p99_ms: Number(p99(plain).toFixed(2)), broken_p99_ms: Number(p99(broken).toFixed(2)), ratio: Number((p99(broken) / p99(plain)).toFixed(2)),
      plain_p50_ms: Number(median(plain.map((one) => one.p50)).toFixed(2)), broken_p50_ms: Number(median(broken.map((one) => one.p50)).toFixed(2)),
      failed: broken.reduce((sum, one) => sum + one.failed, 0) };
  }
  results.passed = results.ls_ms.p50 < 100 && results.idle_cpu_percent < 1 && Object.values(results.ratios).every(({ ratio, failed }) => ratio <= 1.5 && failed === 0);
  keep_results("three_hundred", results);
  console.log(JSON.stringify(results, null, 1));
  process.exitCode = results.passed ? 0 : 1;
} finally {
  stage.neighbour.run = Promise.resolve();
  await stage.stop();
}
