// Bounds as clients see them: readers that do not read, queues that are full, results that are large, arguments that are wrong.
import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import net from "node:net";
import { connectors, eventually, text_of } from "./harness.mjs";
import { Gateway, code_of, fixture, script, sleep, within } from "./fixtures.mjs";
import { ModernPeer, Peer } from "./peer.mjs";
import { modern_meta } from "./wire.mjs";

// `flood {count, bytes}` reports progress that often, with a message of that size, and then answers; `quick` answers at once.
const flooding = `
import json, sys
def send(message):
    sys.stdout.write(json.dumps(message) + "\\n")
for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue
    method, result = message.get("method"), None
    if method == "initialize":
        result = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": {"name": "flooding", "version": "1"}}
    elif method == "tools/list":
        result = {"tools": [{"name": name, "inputSchema": {"type": "object"}} for name in ("flood", "quick")]}
    elif method == "tools/call":
        args, token = message["params"].get("arguments", {}), message["params"].get("_meta", {}).get("progressToken")
        if message["params"]["name"] == "flood" and token is not None:
            text = "x" * args["bytes"]
            for number in range(args["count"]):
                send({"jsonrpc": "2.0", "method": "notifications/progress",
                      "params": {"progressToken": token, "progress": number + 1, "message": text}})
        result = {"content": [{"type": "text", "text": "done"}]}
    if result is None:
        send({"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32601, "message": "method not found"}})
    else:
        send({"jsonrpc": "2.0", "id": message["id"], "result": result})
    sys.stdout.flush()
`;
const mib = 1 << 20;
let gateway;

before(async () => {
  gateway = await Gateway.start([
    script("flooding", flooding), connectors.echo(), fixture("dual"), fixture("one-at-a-time", [], { concurrency: 1 }),
  ], { limits: { calls_in_flight: 12 } });
});
after(() => gateway?.stop());

// A client that asks and then does not read: its socket is paused from the start.
function deaf_client(target, peer, args) {
  const { hostname, port, pathname, host } = new URL(target.url);
  const legacy = peer instanceof Peer;
  const headers = legacy ? `Mcp-Session-Id: ${peer.session}\r\nMCP-Protocol-Version: 2025-11-25\r\n`
    : "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: flood\r\n";
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call",
    params: { name: "flood", arguments: args, _meta: { ...(legacy ? {} : modern_meta), progressToken: "p" } } });
  const socket = net.connect(Number(port), hostname);
  socket.pause();
  socket.on("error", () => {});
  socket.write(`POST ${pathname} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${target.token}\r\nContent-Type: application/json\r\n` +
    `Accept: application/json, text/event-stream\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  return socket;
}

describe("slow readers", () => {
  for (const era of ["2025-11-25", "2026-07-28"]) {
    it(`${era}: clients that do not read cost bounded memory and nobody else's time`, async (t) => {
      const target = gateway.target("flooding"), other = new ModernPeer(gateway.target("echo", "second"));
      const same = await Peer.open(gateway.target("flooding", "third"));
      await same.call("quick");
      await other.call("echo", { text: "warm" });
      const before = gateway.rss_bytes();
      const sockets = [];
      for (let i = 0; i < 6; ++i) {
        const peer = era === "2025-11-25" ? await Peer.open(target) : new ModernPeer(target);
        sockets.push(deaf_client(target, peer, { count: 20_000, bytes: 1_000 }));
      }
      let peak = before;
      const times = [], end = Date.now() + 2_500;
      while (Date.now() < end) {
        const begun = performance.now();
        assert.equal(text_of((await other.call("echo", { text: "prompt" })).message.result), "prompt");
        times.push(performance.now() - begun);
        peak = Math.max(peak, gateway.rss_bytes());
        await sleep(5);
      }
      times.sort((a, b) => a - b);
      const p99 = times[Math.floor(times.length * 0.99)];
      t.diagnostic(`${times.length} calls beside 120 MB of progress: p50 ${times[times.length >> 1].toFixed(1)} ms, p99 ${p99.toFixed(1)} ms; ` +
        `memory +${((peak - before) / mib).toFixed(1)} MiB at most`);
      // The one connector answers its other callers, too, as soon as it has written all that.
      const quick = await within(same.call("quick"), 15_000);
      assert.equal(text_of(quick?.message.result ?? {}), "done");
      sockets.forEach((socket) => socket.destroy());
      assert.ok(p99 < 250, `p99 ${p99} ms`);
      assert.ok(peak - before < 48 * mib, `${(peak - before) / mib} MiB more`);
    });
  }

  it("a standalone stream that nobody reads holds up nothing", async () => {
    const peer = await Peer.open(gateway.target("dual")), other = await Peer.open(gateway.target("dual", "second"));
    const { hostname, port, pathname, host } = new URL(peer.target.url);
    const socket = net.connect(Number(port), hostname);
    socket.pause();
    socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${peer.target.token}\r\nAccept: text/event-stream\r\n` +
      `Mcp-Session-Id: ${peer.session}\r\nMCP-Protocol-Version: 2025-11-25\r\n\r\n`);
    const before = gateway.rss_bytes();
    for (let i = 0; i < 500; ++i) await other.call("test_trigger_prompt_change");
    assert.equal(text_of((await peer.call("greet", { name: "x" })).message.result), "Hello, x!");
    assert.ok(gateway.rss_bytes() - before < 24 * mib);
    socket.destroy();
  });
});

describe("full queues", () => {
  it("calls beyond the limit are refused at once with a message that says so, and later served", async () => {
    const peer = await Peer.open(gateway.target("one-at-a-time")), modern_peer = new ModernPeer(gateway.target("one-at-a-time"));
    await peer.call("greet");
    const begun = Date.now();
    const running = Array.from({ length: 24 }, (_, i) => (i % 2 ? peer : modern_peer).begin_call("sleep", { ms: 100 }));
    const outs = await Promise.all(running.map(async (call) => ({ out: await call.done, after: Date.now() - begun })));
    const refused = outs.filter(({ out }) => out.message?.error || out.message?.result?.isError);
    assert.ok(refused.length >= 8 && refused.length <= 16, `${refused.length} refused`);
    for (const { out } of refused) assert.match(JSON.stringify(out.message), /GH-R\d{3}/, `${out.status} ${JSON.stringify(out.message)}`);
    const served = outs.filter(({ out }) => text_of(out.message?.result ?? {}) === "slept 100 ms");
    assert.equal(served.length + refused.length, 24);
    assert.equal(text_of((await peer.call("greet", { name: "later" })).message.result), "Hello, later!");
  });
});

describe("large results", () => {
  for (const connector of ["echo", "dual"]) {
    for (const bytes of [1_000_000, 15_000_000]) {
      it(`${connector}: ${bytes} bytes pass to clients of both eras`, async () => {
        const [tool, peer] = [connector === "echo" ? "blob" : "big", await Peer.open(gateway.target(connector))];
        for (const client of [peer, new ModernPeer(gateway.target(connector))]) {
          const text = text_of((await client.call(tool, { bytes })).message.result);
          assert.equal(text.length, bytes);
          assert.ok(/^x+$/.test(text));
        }
      });
    }
    it(`${connector}: a result over the limit is a clear tool error, and the next call is served`, async () => {
      const [tool, peer] = [connector === "echo" ? "blob" : "big", await Peer.open(gateway.target(connector))];
      for (const client of [peer, new ModernPeer(gateway.target(connector))]) {
        const { message } = await client.call(tool, { bytes: 17 * mib });
        assert.ok(message.result?.isError || message.error, JSON.stringify(message).slice(0, 300));
        assert.match(JSON.stringify(message), /GH-M402|limit|MiB|large|longer/i);
        assert.equal(text_of((await client.call(tool, { bytes: 3 })).message.result), "xxx");
      }
    });
  }
});

describe("arguments", () => {
  it("wrong ones are a tool error that names the place, in both eras", async () => {
    const peers = [await Peer.open(gateway.target("dual")), new ModernPeer(gateway.target("dual"))];
    for (const [name, args, place] of [["sleep", { ms: "long" }, /\/ms\b/], ["sleep", {}, /\bms\b/], ["greet", { name: 5 }, /\/name\b/],
      ["json_schema_2020_12_tool", { address: { street: 1 }, phone: "1" }, /\/address\/street\b/],
      ["json_schema_2020_12_tool", { name: "x" }, /phone|email|anyOf/]]) {
      for (const peer of peers) {
        const { message } = await peer.call(name, args);
        assert.equal(message.result?.isError, true, JSON.stringify(message));
        assert.match(text_of(message.result), place);
      }
    }
  });

  it("arguments that are no object, and params without a name, are -32602", async () => {
    const peers = [await Peer.open(gateway.target("dual")), new ModernPeer(gateway.target("dual"))];
    for (const peer of peers) {
      const odd = await peer.request("tools/call", { name: "greet", arguments: [1] });
      assert.ok(code_of(odd) === -32602 || odd.message.result?.isError, JSON.stringify(odd.message));
      assert.ok([-32602, -32020].includes(code_of(await peer.request("tools/call", { arguments: {} }))));
    }
  });
});
