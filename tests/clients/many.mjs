// Two hundred clients of four kinds at once, all with the same request ids and progress tokens, over several connectors: each call
// carries a nonce that only its own answer may hold. And sessions that came and went leave nothing behind.
import { after, before, it } from "node:test";
import assert from "node:assert/strict";
import fs from "node:fs";
import { Client as LegacyClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as LegacyHttp } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { connectors, eventually, text_of } from "./harness.mjs";
import { Gateway, fixture } from "./fixtures.mjs";
import { ModernPeer, Peer } from "./peer.mjs";

const client_count = 200, waves = 3, rounds = 2;
const agents = ["demo", "second", "third"];
const mib = 1 << 20;
let gateway;

before(async () => {
  gateway = await Gateway.start([connectors.echo(), fixture("dual"), fixture("legacy", ["--era", "legacy"]), fixture("modern", ["--era", "modern"])],
    { virtual_servers: [{ name: "all", audience: { agents }, connectors: ["echo", "dual", "legacy", "modern"].map((name) => ({ name, prefix: `${name}_` })) }] });
});
after(() => gateway?.stop());

// The four kinds as {call(name, args, progress), end()}; call gives a result or throws.
const result_of = (out) => { if (!out.message?.result) throw new Error(JSON.stringify(out.message ?? out.status)); return out.message.result; };
const kinds = [
  async (target) => {
    const transport = new LegacyHttp(new URL(target.url), { requestInit: { headers: { Authorization: `Bearer ${target.token}` } } });
    const client = new LegacyClient({ name: "many", version: "1" });
    await client.connect(transport);
    return { call: (name, args, onprogress) => client.callTool({ name, arguments: args }, undefined, { onprogress, timeout: 60_000 }),
             async end() { await transport.terminateSession(); await client.close(); } };
  },
  async (target) => {
    const transport = new StreamableHTTPClientTransport(new URL(target.url), { requestInit: { headers: { Authorization: `Bearer ${target.token}` } } });
    const client = new Client({ name: "many", version: "1" }, { versionNegotiation: { mode: { pin: "2026-07-28" } } });
    await client.connect(transport);
    return { call: (name, args, onprogress) => client.callTool({ name, arguments: args }, { onprogress, timeout: 60_000 }), end: () => client.close() };
  },
  async (target) => {
    const peer = await Peer.open(target);
    return raw_client(peer, (name, args, more) => peer.begin("tools/call", { name, arguments: args, ...more }, 1).done, () => peer.end());
  },
  async (target) => {
    const peer = new ModernPeer(target);
    return raw_client(peer, (name, args, more) => peer.begin("tools/call", { name, arguments: args, ...more }, { id: 1 }).done, () => {});
  },
];
// Every request of it has the id 1, every progress token is "p".
const raw_client = (peer, send, end) => ({ end, async call(name, args, onprogress) {
  const out = await send(name, args, onprogress ? { _meta: { progressToken: "p" } } : {});
  if (onprogress) out.notifications.filter((m) => m.params.progressToken === "p").forEach((m) => onprogress(m.params));
  return result_of(out);
} });

// One client's calls, all at once; `number` makes its nonces its own. Gives what was not right.
async function work(client, number, round) {
  const faults = [], nonce = (what) => `${what}-${number}-${round}`;
  const expect = async (name, args, text) => {
    try {
      const told = text_of(await client.call(name, args));
      if (told !== text) faults.push(`${name} of ${number}: ${told.slice(0, 200)}, expected ${text}`);
    } catch (error) { faults.push(`${name} of ${number}: ${error.message}`); }
  };
  const with_progress = async (prefix) => {
    // Nobody else sleeps so long: each report tells the whole length.
    const ms = 100 + number, totals = [];
    try {
      await client.call(`${prefix}_sleep`, { ms }, (progress) => totals.push(progress.total));
      if (totals.length === 0 || totals.some((total) => total !== ms)) faults.push(`${prefix}_sleep of ${number}: reports of ${totals.join() || "nobody"}`);
    } catch (error) { faults.push(`${prefix}_sleep of ${number}: ${error.message}`); }
  };
  await Promise.all([
    expect("echo_echo", { text: nonce("echo") }, nonce("echo")),
    expect("echo_add", { a: number, b: round * 1000 }, String(number + round * 1000)),
    ...["dual", "legacy", "modern"].map((prefix) => expect(`${prefix}_greet`, { name: nonce(prefix) }, `Hello, ${nonce(prefix)}!`)),
    with_progress(["dual", "legacy", "modern"][round % 3]),
  ]);
  return faults;
}

const open_files = () => fs.readdirSync(`/proc/${gateway.daemon.pid}/fd`).length;

it("every client gets its own answers only, wave after wave, and leaves no connection behind", async (t) => {
  const sizes = [];
  let files_before = 0;
  for (let wave = 0; wave < waves; ++wave) {
    const begun = Date.now();
    const clients = await Promise.all(Array.from({ length: client_count }, (_, i) => kinds[i % kinds.length](gateway.target("all", agents[i % agents.length]))));
    const opened = Date.now();
    const faults = [];
    for (let round = 0; round < rounds; ++round) {
      faults.push(...(await Promise.all(clients.map((client, i) => work(client, i, round)))).flat());
    }
    const worked = Date.now();
    await Promise.all(clients.map((client) => client.end()));
    assert.deepEqual(faults.slice(0, 10), [], `${faults.length} faults`);
    if (wave === 0) files_before = open_files();
    sizes.push(gateway.rss_bytes());
    t.diagnostic(`wave ${wave + 1}: ${client_count} clients opened in ${opened - begun} ms, ${client_count * rounds * 6} calls in ${worked - opened} ms, ` +
      `${(sizes.at(-1) / mib).toFixed(1)} MiB`);
  }
  // Two hundred times six calls in flight leave their mark in the heap once; the next test looks for what grows.
  assert.ok(sizes.at(-1) < 80 * mib, `memory: ${sizes.map((size) => (size / mib).toFixed(1)).join(", ")} MiB`);
  await eventually("no connection is left beyond those kept alive", () => open_files() <= files_before + 8, 15_000);
});

it("a thousand sessions that come, call, listen and go leave no memory behind", async (t) => {
  const wave = async () => {
    const peers = await Promise.all(Array.from({ length: 100 }, (_, i) => Peer.open(gateway.target("all", agents[i % agents.length]))));
    const streams = await Promise.all(peers.map((peer) => peer.listen()));
    await Promise.all(peers.map((peer) => peer.call("echo_echo", { text: "x" })));
    await Promise.all(peers.map((peer) => peer.call("echo_report", { text: "x" }, { _meta: { progressToken: "p" } })));
    await Promise.all(streams.map((stream) => stream.drop()));
    await Promise.all(peers.map((peer) => peer.end()));
  };
  for (let i = 0; i < 5; ++i) await wave();
  const before = gateway.rss_bytes();
  for (let i = 0; i < 10; ++i) await wave();
  const grown = gateway.rss_bytes() - before;
  t.diagnostic(`${(grown / 1024).toFixed(0)} KiB more after 1,000 sessions`);
  assert.ok(grown < mib, `${grown} bytes`);
});
