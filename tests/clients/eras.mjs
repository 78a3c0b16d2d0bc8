// What the conformance suite does not cover of the two eras, over raw HTTP: versions, batches, streams and their resumption,
// subscriptions, disconnects, the tasks and states of others, and old servers. Where a server of the SDK's kind must do the same,
// the check runs against the fixture directly too.
import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import fs from "node:fs";
import { descendants, eventually, text_of } from "./harness.mjs";
import { Gateway, code_of, direct_fixture, elicitation, fixture, http_fixture, recorded_fixture, sleep, within } from "./fixtures.mjs";
import { ModernPeer, Peer } from "./peer.mjs";

const versions = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];
const forms = ["dual", "legacy", "modern", "over-http"];
const watched = "test://watched-resource";
const told = (running, method) => running.messages().filter((message) => message.method === method);
const changed = "notifications/tools/list_changed", updated = "notifications/resources/updated";
let gateway, direct;

before(async () => {
  direct = await direct_fixture();
  if (process.env.GATEHOUSE_DIRECT) return; // to try the checks named `directly` alone
  gateway = await Gateway.start([
    fixture("dual"), fixture("legacy", ["--era", "legacy"]), fixture("modern", ["--era", "modern"]), http_fixture("over-http"),
    recorded_fixture("recorded"), recorded_fixture("recorded-legacy", ["--era", "legacy"]), fixture("crashing"),
    fixture("one-at-a-time", [], { concurrency: 1 }),
    ...["exit_on_probe", "silent_probe", "list_changed_first"].map((quirk) =>
      fixture(quirk.replaceAll("_", "-"), ["--era", "legacy", "--quirk", quirk])),
  ]);
});
after(async () => {
  direct?.stop();
  await gateway?.stop();
});

// Registers a check for the fixture itself and for the gateway with each of these connectors behind it.
function check(title, work, connectors = ["dual"]) {
  it(`directly: ${title}`, () => work(() => direct.target()));
  for (const name of connectors) it(`${name}: ${title}`, () => work((agent) => gateway.target(name, agent)));
}

describe("versions", () => {
  check("each legacy revision is negotiated, and its client calls", async (target) => {
    for (const version of versions) {
      const peer = await Peer.open(target(), { version });
      assert.equal(peer.server.protocolVersion, version);
      assert.match(text_of((await peer.call("greet", { name: version })).message.result), new RegExp(version));
    }
  }, forms);

  check("a client of 2026-07-28 discovers, lists and calls", async (target) => {
    const peer = new ModernPeer(target());
    assert.ok((await peer.request("server/discover")).message.result.supportedVersions.includes("2026-07-28"));
    assert.ok((await peer.request("tools/list")).message.result.tools.some((tool) => tool.name === "greet"));
    assert.equal(text_of((await peer.call("greet", { name: "you" })).message.result), "Hello, you!");
  }, forms);

  it("a batch is answered in a session of 2025-03-26, each request by its id", async () => {
    const peer = await Peer.open(gateway.target("dual"), { version: "2025-03-26" });
    const out = await peer.send([{ jsonrpc: "2.0", id: "a", method: "ping" }, { jsonrpc: "2.0", method: "notifications/progress", params: {} },
      { jsonrpc: "2.0", id: "b", method: "tools/call", params: { name: "greet", arguments: { name: "B" } } },
      { jsonrpc: "2.0", id: "c", method: "no/such" }]).done;
    assert.equal(out.status, 200);
    const answers = [out.message].flat(2);
    const by_id = Object.fromEntries(answers.map((message) => [message.id, message]));
    assert.deepEqual(Object.keys(by_id).sort(), ["a", "b", "c"]);
    assert.equal(text_of(by_id.b.result), "Hello, B!");
    assert.equal(by_id.c.error.code, -32601);
  });

  it("a batch of notifications is 202, an empty one and one with initialize are refused", async () => {
    const peer = await Peer.open(gateway.target("dual"), { version: "2025-03-26" });
    assert.equal((await peer.send([{ jsonrpc: "2.0", method: "notifications/roots/list_changed" }]).done).status, 202);
    const empty = await peer.send([]).done;
    assert.deepEqual([empty.status, code_of(empty)], [400, -32600]);
    const initialize = { jsonrpc: "2.0", id: 1, method: "initialize", params: { protocolVersion: "2025-03-26", capabilities: {}, clientInfo: { name: "x", version: "1" } } };
    const doubled = await peer.send([initialize, { ...initialize, id: 2 }]).done;
    assert.ok(doubled.status === 400 || [doubled.message].flat().every((message) => message.error), JSON.stringify(doubled.message));
  });

  it("a batch is refused in every other revision", async () => {
    for (const version of ["2024-11-05", "2025-06-18", "2025-11-25"]) {
      const peer = await Peer.open(gateway.target("dual"), { version });
      const out = await peer.send([{ jsonrpc: "2.0", id: 1, method: "ping" }]).done;
      assert.deepEqual([version, out.status, code_of(out)], [version, 400, -32600]);
    }
  });

  it("tasks of 2025-11-25 are offered to that revision only", async () => {
    const offers = async (version) => (await Peer.open(gateway.target("legacy"), { version })).server.capabilities.tasks !== undefined;
    assert.deepEqual(await Promise.all(versions.map(offers)), [false, false, false, true]);
  });
});

describe("subscriptions", () => {
  check("listen is acknowledged with what is honoured, and tells of that only", async (target) => {
    const peer = new ModernPeer(target()), other = new ModernPeer(target("second"));
    const resources = await peer.listen({ resourceSubscriptions: [watched] }), tools = await other.listen({ toolsListChanged: true });
    assert.deepEqual(resources.acknowledged.params.notifications, { resourceSubscriptions: [watched] });
    await other.call("touch_resource", { uri: watched });
    await other.call("touch_resource", { uri: "test://static-text" });
    await other.call("test_trigger_tool_change");
    const update = await resources.until("the update", (m) => m.method === updated);
    assert.equal(update.params.uri, watched);
    const change = await tools.until("the change", (m) => m.method === changed);
    for (const [message, { id }] of [[update, resources], [change, tools]]) {
      assert.equal(String(message.params._meta["io.modelcontextprotocol/subscriptionId"]), String(id));
    }
    await sleep(100);
    assert.deepEqual([told(resources, updated).length, told(resources, changed).length, told(tools, updated).length], [1, 0, 0]);
    await Promise.all([resources.drop(), tools.drop()]);
  }, forms);

  check("a legacy client hears of the resources it subscribed to, until it unsubscribes", async (target) => {
    const [peer, other] = [await Peer.open(target()), await Peer.open(target("second"))];
    const streams = [await peer.listen(), await other.listen()];
    assert.deepEqual((await peer.request("resources/subscribe", { uri: watched })).message.result, {});
    await other.call("touch_resource", { uri: watched });
    const update = await streams[0].until("the update", (m) => m.method === updated);
    assert.equal(update.params.uri, watched);
    await peer.request("resources/unsubscribe", { uri: watched });
    await other.call("touch_resource", { uri: watched });
    await sleep(200);
    assert.deepEqual(streams.map((stream) => told(stream, updated).length), [1, 0]);
    await Promise.all(streams.map((stream) => stream.drop()));
  }, forms);

  for (const form of forms) {
    it(`${form}: everyone hears that the tools have changed, and then lists the new one`, async () => {
      const peers = await Promise.all(["demo", "second", "third"].map((agent) => Peer.open(gateway.target(form, agent))));
      const modern_peer = new ModernPeer(gateway.target(form));
      const streams = [...await Promise.all(peers.map((peer) => peer.listen())), await modern_peer.listen({ toolsListChanged: true })];
      const listed = async () => {
        const lists = await Promise.all([...peers, modern_peer].map((peer) => peer.request("tools/list")));
        return lists.map(({ message }) => message.result.tools.some((tool) => tool.name === "dynamic_tool"));
      };
      for (const present of [true, false]) {
        const before = streams.map((stream) => told(stream, changed).length);
        await peers[0].call("test_trigger_tool_change", { toggle: true });
        await eventually("all have heard", () => streams.every((stream, i) => told(stream, changed).length > before[i]), 5_000);
        await eventually(`all list it: ${present}`, async () => (await listed()).every((is) => is === present), 5_000);
      }
      await Promise.all(streams.map((stream) => stream.drop()));
    });
  }
});

describe("streams", () => {
  check("a call that was cut off goes on, and is resumed where it broke", async (target) => {
    const peer = await Peer.open(target()), whole = 40;
    const call = peer.begin_call("sleep", { ms: whole * 50 }, { _meta: { progressToken: "resumed" } });
    const other = peer.begin_call("sleep", { ms: 2_500 }, { _meta: { progressToken: "other" } });
    await call.until("some progress", (m) => m.params?.progress >= 250);
    await call.drop();
    const before = told(call, "notifications/progress").map((m) => m.params.progress);
    assert.ok(call.last_id, "the stream has event ids");
    await sleep(300);
    const rest = await (await peer.listen(call.last_id)).done;
    assert.equal(text_of(rest.message.result), `slept ${whole * 50} ms`);
    assert.equal(rest.message.id, call.id);
    const after = rest.notifications.map((m) => m.params.progress);
    assert.ok(rest.notifications.every((m) => m.params.progressToken === "resumed"));
    assert.ok(after[0] > before.at(-1), `${after[0]} after ${before.at(-1)}`);
    assert.deepEqual([...before, ...after], Array.from({ length: whole }, (_, i) => (i + 1) * 50));
    await other.done;
  });

  it("the answer waits for a client that comes back late, and another principal cannot have it", async () => {
    const peer = await Peer.open(gateway.target("dual"));
    const call = peer.begin_call("sleep", { ms: 300 }, { _meta: { progressToken: 1 } });
    await call.until("some progress", (m) => m.method === "notifications/progress");
    await call.drop();
    await sleep(600);
    const thief = new Peer(gateway.target("dual", "second"), "2025-11-25");
    thief.session = peer.session;
    assert.equal((await thief.listen(call.last_id)).status, 404);
    const own = await Peer.open(gateway.target("dual", "second"));
    const stolen = await own.listen(call.last_id);
    await within(stolen.done, 300);
    assert.ok(!stolen.messages().some((m) => m.result), JSON.stringify(stolen.messages()));
    await stolen.drop();
    assert.equal(text_of((await (await peer.listen(call.last_id)).done).message.result), "slept 300 ms");
  });

  it("2025-11-25 begins its streams with an event without data and names a time to retry", async () => {
    const peer = await Peer.open(gateway.target("dual"));
    const call = peer.begin_call("sleep", { ms: 100 }, { _meta: { progressToken: 1 } });
    await call.done;
    assert.equal(call.events[0].data, undefined);
    assert.ok(call.events[0].id && Number(call.events.find((event) => event.retry)?.retry) > 0);
    const old = await Peer.open(gateway.target("dual"), { version: "2025-06-18" });
    const plain = old.begin_call("sleep", { ms: 100 }, { _meta: { progressToken: 1 } });
    await plain.done;
    assert.notEqual(plain.events[0].data, undefined);
  });

  for (const name of ["recorded", "recorded-legacy"]) {
    it(`${name}: who hangs up cancels in 2026-07-28, and does not before`, async () => {
      const cancelled = () => gateway.received(name).filter((m) => m.method === "notifications/cancelled").length;
      const peer = await Peer.open(gateway.target(name));
      const call = peer.begin_call("sleep", { ms: 1_000 }, { _meta: { progressToken: 1 } });
      await call.until("progress", (m) => m.method === "notifications/progress");
      await call.drop();
      await sleep(300);
      assert.equal(cancelled(), 0);
      assert.equal(text_of((await (await peer.listen(call.last_id)).done).message.result), "slept 1000 ms");
      const modern_call = new ModernPeer(gateway.target(name)).begin_call("sleep", { ms: 30_000 }, { _meta: { progressToken: 2 } });
      await modern_call.until("progress", (m) => m.method === "notifications/progress");
      await modern_call.drop();
      await eventually("the connector is told", () => cancelled() === 1, 5_000);
    });
  }

  it("a crash in the middle of calls ends every open one at once, and the sessions go on", async () => {
    const peers = [await Peer.open(gateway.target("crashing")), await Peer.open(gateway.target("crashing", "second"))];
    const standalone = await peers[0].listen();
    const calls = peers.map((peer) => peer.begin_call("sleep", { ms: 30_000 }, { _meta: { progressToken: 1 } }));
    calls.push(new ModernPeer(gateway.target("crashing")).begin_call("sleep", { ms: 30_000 }, { _meta: { progressToken: 1 } }));
    await Promise.all(calls.map((call) => call.until("progress", (m) => m.method === "notifications/progress")));
    const begun = Date.now();
    await peers[1].call("crash", { code: 3 });
    for (const out of await Promise.all(calls.map((call) => call.done))) {
      const text = JSON.stringify(out.message);
      assert.ok(out.message.error || out.message.result.isError, text);
      assert.match(text, /GH-[A-Z]\d{3}/);
    }
    assert.ok(Date.now() - begun < 3_000);
    for (const peer of peers) {
      await eventually("it serves again", async () => text_of((await peer.call("greet", { name: "again" })).message.result ?? {}) === "Hello, again!", 15_000);
    }
    await peers[0].call("test_trigger_tool_change");
    await standalone.until("the standalone stream still lives", (m) => m.method === changed);
    await standalone.drop();
  });

  it("the place of a cancelled call is free at once", async () => {
    const peer = await Peer.open(gateway.target("one-at-a-time")), other = new ModernPeer(gateway.target("one-at-a-time", "second"));
    const call = peer.begin_call("sleep", { ms: 30_000 }, { _meta: { progressToken: 1 } });
    await call.until("progress", (m) => m.method === "notifications/progress");
    const waiting = other.begin_call("greet");
    await sleep(100);
    assert.equal(waiting.response, undefined);
    await peer.post({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: call.id } });
    const begun = Date.now();
    assert.equal(text_of((await waiting.done).message.result), "Hello, World!");
    assert.ok(Date.now() - begun < 2_000);
    await call.drop();
  });
});

describe("secrets of others", () => {
  it("no connector ever sees a client's token, and no file of the daemon holds it", async () => {
    for (const name of ["recorded", "recorded-legacy", "over-http"]) {
      const peer = await Peer.open(gateway.target(name), { capabilities: elicitation });
      assert.ok(!JSON.stringify(await peer.call("whoami")).includes(gateway.tokens.demo));
      assert.ok(!JSON.stringify(await new ModernPeer(gateway.target(name)).call("whoami")).includes(gateway.tokens.demo));
    }
    const tokens = Object.values(gateway.tokens);
    for (const [file, bytes] of gateway.files()) assert.ok(!tokens.some((token) => bytes.includes(token)), file);
    for (const { pid } of descendants(gateway.daemon.pid)) {
      for (const what of ["environ", "cmdline"]) {
        let text = "";
        try { text = fs.readFileSync(`/proc/${pid}/${what}`, "latin1"); } catch { /* it has ended, or is not ours to read */ }
        assert.ok(!tokens.some((token) => text.includes(token)), `${what} of ${pid}`);
      }
    }
    assert.ok(!tokens.some((token) => gateway.daemon.stderr.includes(token)));
  });

  it("a task of another principal is as unknown as one that never was, in both eras", async () => {
    const [peer, other] = [await Peer.open(gateway.target("legacy")), await Peer.open(gateway.target("legacy", "second"))];
    const { taskId } = (await peer.call("slow_compute", { seconds: 0.3 }, { task: { ttl: 60_000 } })).message.result.task;
    const without_id = (out) => JSON.stringify(out.message.error).replace(/task-?[\w-]+|[\w-]{16,}/g, "…");
    for (const method of ["tasks/get", "tasks/result", "tasks/cancel"]) {
      const theirs = await other.request(method, { taskId }), nobody = await other.request(method, { taskId: `${taskId.slice(0, -4)}0000` });
      assert.deepEqual([code_of(theirs), theirs.status], [-32602, nobody.status], method);
      assert.equal(without_id(theirs), without_id(nobody));
    }
    const list = (await other.request("tasks/list")).message.result?.tasks ?? [];
    assert.ok(!list.some((task) => task.taskId === taskId));
    assert.equal(text_of((await peer.request("tasks/result", { taskId })).message.result), "Computed something.");
    const extension = { extensions: { "io.modelcontextprotocol/tasks": {} } };
    const [modern_peer, modern_other] = ["demo", "second"].map((agent) => new ModernPeer(gateway.target("dual", agent), extension));
    const made = (await modern_peer.call("slow_compute", { seconds: 0.3 })).message.result;
    assert.equal(made.resultType, "task");
    for (const method of ["tasks/get", "tasks/cancel", "tasks/update"]) {
      const out = await modern_other.request(method, { taskId: made.taskId, ...(method === "tasks/update" ? { inputResponses: {} } : {}) });
      assert.equal(code_of(out), -32602, method);
    }
    await eventually("the task is done", async () =>
      (await modern_peer.request("tasks/get", { taskId: made.taskId })).message.result.status === "completed", 5_000);
  });

  for (const form of ["dual", "modern", "legacy"]) {
    it(`${form}: a requestState is worth nothing to others, changed, moved, or twice`, async () => {
      const peer = new ModernPeer(gateway.target(form), elicitation), other = new ModernPeer(gateway.target(form, "second"), elicitation);
      const elsewhere = new ModernPeer(gateway.target(form === "dual" ? "modern" : "dual"), elicitation);
      const first = (await peer.call("ask_twice")).message.result;
      assert.equal(first.resultType, "input_required", JSON.stringify(first));
      const [key] = Object.keys(first.inputRequests), good = { [key]: { action: "accept", content: { answer: "one" } } };
      // The state of the second round; a modern connector gives none before.
      const second = (await peer.call("ask_twice", {}, { inputResponses: good, requestState: first.requestState })).message.result;
      assert.equal(second.resultType, "input_required", JSON.stringify(second));
      const state = second.requestState, inputResponses = { [Object.keys(second.inputRequests)[0]]: { action: "accept", content: { answer: "two" } } };
      const flip = (at) => state.slice(0, at) + (state[at] === "A" ? "B" : "A") + state.slice(at + 1);
      const refused = [
        [other, "ask_twice", state], [elsewhere, "ask_twice", state], [peer, "ask", state],
        ...[0, 10, Math.floor(state.length / 2), state.length - 2].map((at) => [peer, "ask_twice", flip(at)]),
        [peer, "ask_twice", state.slice(0, -4)], [peer, "ask_twice", `${state}AAAA`], [peer, "ask_twice", "garbage"], [peer, "ask_twice", ""],
      ];
      for (const [who, name, requestState] of refused) {
        const out = await who.call(name, {}, { inputResponses, requestState });
        assert.deepEqual([out.status, code_of(out)], [200, -32602], `${name} ${requestState.slice(0, 20)} ${JSON.stringify(out.message)}`);
      }
      assert.equal(code_of(await peer.call("ask_twice", {}, { inputResponses, requestState: 7 })), -32602);
      assert.equal(code_of(await peer.call("ask_twice", { more: 1 }, { inputResponses, requestState: state })), -32602);
      const done = (await peer.call("ask_twice", {}, { inputResponses, requestState: state })).message.result;
      assert.deepEqual(JSON.parse(text_of(done)).map((one) => one.content.answer), ["one", "two"]);
      if (form === "legacy") assert.equal(code_of(await peer.call("ask_twice", {}, { inputResponses, requestState: state })), -32602);
    });
  }

  it("the session of another principal cannot be read, used or ended", async () => {
    const peer = await Peer.open(gateway.target("dual"));
    const thief = new Peer(gateway.target("dual", "second"), "2025-11-25");
    thief.session = peer.session;
    assert.equal((await thief.listen()).status, 404);
    assert.equal((await thief.call("greet")).status, 404);
    assert.equal(await thief.end(), 404);
    const elsewhere = new Peer(gateway.target("modern"), "2025-11-25");
    elsewhere.session = peer.session;
    assert.equal((await elsewhere.call("greet")).status, 404);
    assert.equal((await peer.call("greet")).status, 200);
  });
});

describe("old servers", () => {
  for (const name of ["exit-on-probe", "silent-probe", "list-changed-first"]) {
    it(`one that is ${name} is served to both eras, and is not probed again after a crash`, async () => {
      const begun = Date.now();
      const peer = await Peer.open(gateway.target(name));
      assert.equal(text_of((await peer.call("greet", { name })).message.result), `Hello, ${name}!`);
      assert.ok(Date.now() - begun < 15_000, `${Date.now() - begun} ms`);
      assert.equal(text_of((await new ModernPeer(gateway.target(name)).call("greet", { name })).message.result), `Hello, ${name}!`);
      await peer.call("crash");
      const again = Date.now();
      await eventually("it is back", async () => (await peer.call("greet", { name })).message.result !== undefined);
      assert.ok(Date.now() - again < 5_000, `${Date.now() - again} ms`);
      const log = await gateway.daemon.ok(["logs", name]), exits = log.split("the first message is not initialize").length - 1;
      assert.ok(exits <= 1, `${exits} probes made it exit: ${log}`);
    });
  }
});
