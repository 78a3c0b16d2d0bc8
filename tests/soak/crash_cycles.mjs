// Connectors crash again and again, in several ways at once, while another is called: nothing may be left behind, and the daemon may not grow.
//   node crash_cycles.mjs --cycles 10000 --connectors 8
import { FaultStage, call_fault, faulty, told_of } from "../clients/fault_scene.mjs";
import { cgroup_count, footprint, keep_results, leftovers, marked, mount_count, option, processes, quantile } from "./measure.mjs";
import { sleep } from "../clients/fixtures.mjs";

const cycles = option("cycles", 10_000), connectors = option("connectors", 8);
const ways = [["exit", { n: 1 }], ["signal", { n: 9 }], ["signal", { n: 11 }], ["exit", { n: 0 }], ["signal", { n: 6 }]];
const names = Array.from({ length: connectors }, (_, i) => `crash-${i + 1}`);
const known = processes(), cgroups_before = cgroup_count(), mounts_before = mount_count();
const stage = await FaultStage.start("soak-crash", names.map((name) => faulty(name, [], marked, {
  restart: { policy: "always", initial: "1ms", max: "1ms", jitter: 0, failures: 1000, window: "1s" } })));
const back = [], told = {};
let done = 0, unserved = 0;

async function cycle(name, number) {
  const peer = stage.peer(name);
  const [kind, more] = ways[number % ways.length];
  const word = told_of(await call_fault(peer, kind, more));
  told[word] = (told[word] ?? 0) + 1;
  const begun = performance.now();
  for (let served = false; !served;) {
    served = told_of(await peer.call("ok")) === "answered";
    if (!served) await sleep(5);
    if (performance.now() - begun > 20_000) { ++unserved; return; }
  }
  back.push(performance.now() - begun);
  ++done;
}
async function run(total) {
  let next = 0;
  await Promise.all(names.map(async (name) => { while (next < total && unserved < 20) await cycle(name, next++); }));
}

try {
  for (const name of names) await stage.peer(name).call("ok");
  // The first tenth fills what is bounded; from there on nothing may grow.
  await run(Math.ceil(cycles / 10));
  await sleep(1_000);
  const early = footprint(stage.daemon.pid), mark = stage.neighbour.mark(), begun = performance.now();
  await run(cycles - Math.ceil(cycles / 10));
  const seconds = (performance.now() - begun) / 1000;
  await sleep(1_000);
  const late = footprint(stage.daemon.pid), left = leftovers(known, stage.daemon.pid);
  const results = { cycles: done, unserved, seconds: Math.round(seconds), told, back_p50_ms: Math.round(quantile(back, 0.5)), back_p99_ms: Math.round(quantile(back, 0.99)),
    neighbour_failures: stage.neighbour.failures.length, neighbour_p99_ms: Number(stage.neighbour.p99_since(mark).toFixed(1)), early, late, ...left };
  await stage.stop();
  await sleep(500);
  Object.assign(results, { left_after_stop: leftovers(known).orphans, cgroups_left: cgroup_count() - cgroups_before, mounts_left: mount_count() - mounts_before });
  const grown_kib = late.rss_kib - early.rss_kib;
  results.passed = unserved === 0 && left.zombies === 0 && left.orphans === 0 && results.left_after_stop === 0 && results.cgroups_left <= 0 && results.mounts_left === 0 &&
    late.fds <= early.fds + 8 && late.threads <= early.threads && grown_kib < Math.max(8 << 10, cycles / 4) && results.neighbour_failures === 0;
  keep_results("crash_cycles", results);
  console.log(JSON.stringify(results, null, 1));
  process.exitCode = results.passed ? 0 : 1;
} catch (error) {
  await stage.stop();
  throw error;
}
