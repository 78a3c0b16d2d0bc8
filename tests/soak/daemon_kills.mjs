// The daemon is killed with SIGKILL under load, again and again: no process may be left, the journal verifies and holds every call whose
// answer a client has, with one outcome for each call, and the next start is ready in time.
//   node daemon_kills.mjs --kills 100
import fs from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { Gateway, sleep } from "../clients/fixtures.mjs";
import { all_gone, connectors, descendants } from "../clients/harness.mjs";
import { ModernPeer } from "../clients/peer.mjs";
import { faulty, told_of } from "../clients/fault_scene.mjs";
import { cgroup_count, keep_results, leftovers, marked, mount_count, option, processes, quantile } from "./measure.mjs";

const kills = option("kills", 100), load_ms = option("load-ms", 500), clients = option("clients", 8);
const known = processes(), cgroups_before = cgroup_count(), mounts_before = mount_count();
const gateway = await Gateway.start([connectors.echo({ instances: { min: 1 }, ...marked }), ...["a", "b", "c"].map((name) => faulty(name, ["--ignore-eof", "--ignore-term"], { instances: { min: 1 }, ...marked }))]);
const { daemon } = gateway;
const targets = ["echo", "a", "b", "c"];
const ready = [], gone = [], faults = [];
const acknowledged = new Set(); // texts of the calls whose answer a client has
let next_text = 0;

async function acknowledge(peer, server) {
  const text = `t${++next_text}`;
  const word = told_of(await peer.call(server === "echo" ? "echo" : "ok", { text }));
  if (word === "answered") acknowledged.add(text);
  return word;
}

async function load(until) {
  await Promise.all(Array.from({ length: clients }, async (_, number) => {
    const server = targets[number % targets.length], peer = new ModernPeer(gateway.target(server));
    while (!until.ended) {
      try {
        await acknowledge(peer, server);
      } catch { await sleep(2); }
    }
  }));
}

// What the journal says of the calls: each acknowledged one needs an intent and, after it, one outcome under its number.
async function read_journal() {
  const folder = path.join(gateway.data, "journal"), open = new Map(), unseen = new Set(acknowledged);
  const seen = { records: 0, without_outcome: 0, outcomes_without_intent: 0, numbers_used_again: 0, closed_by_next_start: 0 };
  const numbers = new Set();
  for (const name of fs.readdirSync(folder).sort()) {
    for await (const line of createInterface({ input: fs.createReadStream(path.join(folder, name)) })) {
      ++seen.records;
      const record = JSON.parse(line);
      if (record.kind === "intent") {
        if (numbers.has(record.call)) ++seen.numbers_used_again;
        numbers.add(record.call);
        if (open.has(record.call)) ++seen.without_outcome;
        open.set(record.call, record.arguments?.text);
      } else if (record.kind === "outcome" && open.has(record.call)) {
        if (record.reason === "GH-G905") ++seen.closed_by_next_start;
        else unseen.delete(open.get(record.call));
        open.delete(record.call);
      } else if (record.kind === "outcome") {
        ++seen.outcomes_without_intent;
      }
    }
  }
  return { ...seen, without_outcome: seen.without_outcome + open.size, acknowledged: acknowledged.size, acknowledged_lost: unseen.size };
}

for (let kill = 0; kill < kills; ++kill) {
  const until = { ended: false };
  const loading = load(until);
  // One that is surely in flight when the daemon dies.
  const slow = new ModernPeer(gateway.target("echo", "second")).call("sleep", { ms: 60_000 }).catch(() => "cut");
  await sleep(load_ms + (kill * 37) % 100);
  const children = descendants(daemon.pid);
  daemon.process.kill("SIGKILL");
  until.ended = true;
  const begun = performance.now();
  await daemon.exited;
  try { await all_gone(children, 5_000); } catch { faults.push(`kill ${kill}: processes were left after 5 s`); }
  gone.push(performance.now() - begun);
  await Promise.all([loading, slow]);
  const started = performance.now();
  await daemon.relaunch();
  ready.push(performance.now() - started);
  const left = leftovers(known, daemon.pid);
  if (left.orphans > 0 || left.zombies > 0) faults.push(`kill ${kill}: ${left.orphans} orphans, ${left.zombies} zombies`);
  if ((kill + 1) % 10 === 0 || kill + 1 === kills) {
    const verified = await daemon.cli(["audit", "verify"]);
    if (verified.code !== 0) faults.push(`kill ${kill}: the journal does not verify: ${verified.stdout}${verified.stderr}`);
  }
  for (const server of targets) {
    const begin = performance.now();
    let word;
    do {
      word = await acknowledge(new ModernPeer(gateway.target(server)), server).catch(String);
      if (word !== "answered") await sleep(10);
    } while (word !== "answered" && performance.now() - begin < 10_000);
    if (word !== "answered") faults.push(`kill ${kill}: ${server} does not serve after the restart: ${word}`);
  }
}
const journal = await read_journal();
await gateway.stop();
await sleep(500);
const results = { kills, journal, ready_p50_ms: Math.round(quantile(ready, 0.5)), ready_max_ms: Math.round(Math.max(...ready)),
  gone_max_ms: Math.round(Math.max(...gone)), faults: faults.slice(0, 20), fault_count: faults.length, left_after_stop: leftovers(known).orphans,
  cgroups_left: cgroup_count() - cgroups_before, mounts_left: mount_count() - mounts_before };
results.passed = faults.length === 0 && journal.numbers_used_again === 0 && journal.acknowledged_lost === 0 && journal.outcomes_without_intent === 0 && journal.without_outcome === 0 && journal.closed_by_next_start >= kills && results.ready_max_ms <= 3_000 && results.left_after_stop === 0 && results.cgroups_left <= 0 && results.mounts_left === 0;
keep_results("daemon_kills", results);
console.log(JSON.stringify(results, null, 1));
process.exitCode = results.passed ? 0 : 1;
