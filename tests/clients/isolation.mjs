// Several members on one connector: what a server asks or tells on behalf of one never reaches another, whatever the scope of its
// instances, and nobody waits for another's user.
import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { eventually, text_of } from "./harness.mjs";
import { Gateway, code_of, direct_fixture, elicitation, fixture, script, sleep, within } from "./fixtures.mjs";
import { ModernPeer, Peer } from "./peer.mjs";

const scopes = ["shared", "auto", "member", "session"];
const rounds = 6;
const direct_only = Boolean(process.env.GATEHOUSE_DIRECT);
let gateway, direct;

// A server that asks for the roots outside of any call: when it is told of new ones, and behind the answer to `late`, in one write.
const roots_keeper = `
import json, sys
kept = {"told": 0, "roots": None, "refused": 0}
def send(message, flush=True): print(json.dumps({"jsonrpc": "2.0", **message}), flush=flush)
def ask(): send({"id": "roots", "method": "roots/list"})
for line in sys.stdin:
    m = json.loads(line)
    method, id = m.get("method"), m.get("id")
    if method == "notifications/roots/list_changed": kept["told"] += 1; ask()
    elif id == "roots" and method is None:
        if "error" in m: kept["refused"] += 1
        else: kept["roots"] = [root["name"] for root in m["result"]["roots"]]
    elif method == "initialize":
        send({"id": id, "result": {"protocolVersion": m["params"]["protocolVersion"], "capabilities": {"tools": {}},
              "serverInfo": {"name": "keeper", "version": "1"}}})
    elif method == "tools/list": send({"id": id, "result": {"tools": [{"name": n, "inputSchema": {"type": "object"}} for n in ("kept", "late")]}})
    elif method == "tools/call":
        late = m["params"]["name"] == "late"
        send({"id": id, "result": {"content": [{"type": "text", "text": json.dumps(kept)}]}}, flush=not late)
        if late: ask()
    elif method is not None and id is not None: send({"id": id, "error": {"code": -32601, "message": "no such method"}})
`;

before(async () => {
  direct = await direct_fixture(["--era", "legacy"]);
  if (direct_only) return;
  gateway = await Gateway.start([
    ...scopes.flatMap((scope) => [
      fixture(scope, ["--era", "legacy"], { instances: { scope } }),
      fixture(`dual-${scope}`, [], { instances: { scope } }),
    ]),
    ...["shared", "member", "session"].map((scope) => script(`roots-${scope}`, roots_keeper, { instances: { scope } })),
    fixture("parked", ["--era", "legacy"]), fixture("slots", ["--era", "legacy"], { concurrency: 1, timeouts: { call: "3s" } }),
  ]);
});
after(async () => {
  direct?.stop();
  await gateway?.stop();
});

// What the client of `who` answers: always with its own name, and only what is its own business.
const answers = (who) => ({ method, params }) => {
  if (method === "elicitation/create") return { action: "accept", content: { answer: `${who} answers ${params.message}` } };
  if (method === "roots/list") return { roots: [{ uri: `file:///home/${who}`, name: who }] };
  return { model: "none", role: "assistant", content: { type: "text", text: `${who} says ${params.messages[0].content.text}` } };
};

// One member's part of a round: everything it gets must be its own.
async function one_round(who, peer, round, faults) {
  const nonce = `${who}#${round}`, answer = answers(who);
  const ask = async (name, args, expected) => {
    const out = peer instanceof ModernPeer ? await peer.converse(name, args, (key, request) => answer(request)) : await peer.call(name, args);
    const result = out.message?.result, text = result ? text_of(result) : JSON.stringify(out.message);
    // Before a legacy server was seen to ask, several calls may run on one process of it: then nobody is asked.
    if (round === 0 && /cannot tell which client's call/.test(text)) faults.unattributed.push(`${who} ${name}`);
    else if (!result || result.isError) faults.refused.push(`${who} ${name}, round ${round}: ${text}`);
    else if (!text.includes(expected)) faults.wrong.push(`${who} ${name}: ${text}, expected ${expected}`);
    const strange = JSON.stringify([out.notifications, out.requests]).match(/\w+#\d+/g)?.filter((seen) => !seen.startsWith(`${who}#`)) ?? [];
    if (strange.length > 0) faults.wrong.push(`${who} ${name}: saw ${strange.join()}`);
  };
  await Promise.all([
    ask("ask", { message: nonce }, `${who} answers ${nonce}`),
    ask("sample", { prompt: nonce }, `${who} says ${nonce}`),
    ask("list_roots", {}, `/home/${who}`),
    ask("log_and_wait", { ms: 20, text: nonce }, "waited"),
    ask("greet", { name: nonce }, nonce),
  ]);
}

// Members with a legacy session and a standalone stream each; a third one speaks 2026-07-28.
async function interleave(target, with_modern, faults) {
  const legacy = [];
  for (const who of ["demo", "second"]) {
    const peer = await Peer.open(target(who), { capabilities: elicitation, answer: answers(who), name: who });
    legacy.push({ who, peer, stream: await peer.listen() });
    if (peer.server.capabilities.logging) await peer.request("logging/setLevel", { level: "debug" });
  }
  const members = [...legacy, ...(with_modern ? [{ who: "third", peer: new ModernPeer(target("third"), elicitation,
    { "io.modelcontextprotocol/logLevel": "debug" }) }] : [])];
  await Promise.all(members.map(async ({ who, peer }) => {
    for (let round = 0; round < rounds; ++round) await one_round(who, peer, round, faults);
  }));
  for (const { who, peer, stream } of legacy) {
    const seen = JSON.stringify([peer.asked, stream.messages()]).match(/\w+#\d+/g) ?? [];
    const strange = seen.filter((nonce) => !nonce.startsWith(`${who}#`));
    if (strange.length > 0) faults.wrong.push(`${who} was asked or told ${strange.join()}`);
    await stream.drop();
    await peer.end();
  }
}

describe("members on one connector", () => {
  it("directly: a client alone gets all of its own", async () => {
    const faults = { wrong: [], refused: [], unattributed: [] };
    const peer = await Peer.open(direct.target(), { capabilities: elicitation, answer: answers("demo") });
    for (let round = 0; round < rounds; ++round) await one_round("demo", peer, round, faults);
    assert.deepEqual(faults, { wrong: [], refused: [], unattributed: [] });
    assert.equal(peer.asked.length, rounds * 3);
  });

  for (const scope of scopes) {
    for (const name of [scope, `dual-${scope}`]) {
      it(`${name}: logs, sampling, elicitation and roots of one never reach another`, async (t) => {
        const faults = { wrong: [], refused: [], unattributed: [] };
        await interleave((who) => gateway.target(name, who), true, faults);
        assert.deepEqual(faults.wrong, []);
        assert.deepEqual(faults.refused, []);
        t.diagnostic(`${name}: ${faults.unattributed.length} of ${3 * 5 * rounds} calls asked nobody, all in the first round`);
        if (name === "session" || name.startsWith("dual-")) assert.deepEqual(faults.unattributed, []);
      });
    }
  }

  it("a scope of members gives each principal one process, one of sessions each session", async () => {
    // `count` counts the calls of its process: what comes after a session of one's own or of another.
    const counts = async (name) => {
      const found = [];
      for (const who of ["demo", "demo", "second"]) {
        const peer = await Peer.open(gateway.target(name, who));
        found.push(JSON.parse(text_of((await peer.call("count")).message.result)).count);
      }
      return found;
    };
    assert.deepEqual(await counts("shared"), [1, 2, 3]);
    assert.deepEqual(await counts("member"), [1, 2, 1]);
    assert.deepEqual(await counts("session"), [1, 1, 1]);
  });

  it("a member that has called nothing yet sees the resources of its own instance", async () => {
    for (const name of ["member", "session", "dual-member", "dual-session"]) {
      for (const peer of [await Peer.open(gateway.target(name, "third")), new ModernPeer(gateway.target(name, "third"))]) {
        const listed = async (method, key) => (await peer.request(method)).message.result?.[key].length;
        assert.deepEqual([name, await listed("resources/list", "resources"), await listed("resources/templates/list", "resourceTemplates")], [name, 4, 1]);
      }
    }
  });

  it("what changes on one member's instance is told to that member alone, on a shared one to all", async () => {
    const uri = "test://watched-resource", agents = ["demo", "second"];
    for (const [name, heard] of [["member", [1, 0]], ["session", [1, 0]], ["shared", [1, 1]], ["dual-member", [1, 0]], ["dual-shared", [1, 1]]]) {
      const peers = await Promise.all(agents.map((who) => Peer.open(gateway.target(name, who))));
      const streams = await Promise.all(peers.map((peer) => peer.listen()));
      for (const peer of peers) assert.deepEqual((await peer.request("resources/subscribe", { uri })).message.result, {}, name);
      await peers[0].call("touch_resource", { uri });
      const updates = () => streams.map((stream) => stream.messages().filter((m) => m.method === "notifications/resources/updated").length);
      await eventually(`${name}: the first has heard`, () => updates()[0] === heard[0], 5_000);
      await sleep(150);
      assert.deepEqual(updates(), heard, name);
      await Promise.all(streams.map((stream) => stream.drop()));
      await Promise.all(peers.map((peer) => peer.end()));
    }
  });
});

describe("roots that change", () => {
  const kept = async (peer) => JSON.parse(text_of((await peer.call("kept")).message.result));
  const members = (name) => Promise.all(["demo", "second"].map(async (who) => {
    const peer = await Peer.open(gateway.target(name, who), { capabilities: { roots: { listChanged: true } }, answer: answers(who) });
    await peer.listen();
    await kept(peer);
    return peer;
  }));
  const changed = (peer) => peer.post({ jsonrpc: "2.0", method: "notifications/roots/list_changed" });
  // No call is on its way while the question is: it would count as the call's.
  const answered = async (peer) => {
    await eventually("the roots are asked for", () => peer.asked.length > 0, 5_000);
    await eventually("the roots are known", async () => (await kept(peer)).roots !== null, 5_000);
  };

  it("are asked for by the instance of that session, and by no other", async () => {
    const [demo, second] = await members("roots-session");
    await changed(demo);
    await answered(demo);
    assert.deepEqual(await kept(demo), { told: 1, roots: ["demo"], refused: 0 });
    assert.deepEqual(await kept(second), { told: 0, roots: null, refused: 0 });
    await changed(second);
    await answered(second);
    assert.deepEqual([(await kept(demo)).roots, (await kept(second)).roots], [["demo"], ["second"]]);
    assert.deepEqual([demo, second].map((peer) => peer.asked.map(({ method }) => method)), [["roots/list"], ["roots/list"]]);
  });

  it("are not told to an instance that may serve several sessions, whose late question nobody is asked", async () => {
    for (const name of ["roots-shared", "roots-member"]) {
      const peers = await members(name);
      for (const peer of peers) await changed(peer);
      await peers[0].call("late");
      await eventually(`${name}: it is refused`, async () => (await kept(peers[0])).refused === 1, 5_000);
      assert.deepEqual(await kept(peers[0]), { told: 0, roots: null, refused: 1 }, name);
      assert.deepEqual(peers.map((peer) => peer.asked.length), [0, 0], name);
    }
  });
});

describe("dialogues", () => {
  const question = (out) => Object.entries(out.message.result?.inputRequests ?? {})[0];

  it("a question that waits for one member's user holds up no other call", async () => {
    const peer = new ModernPeer(gateway.target("parked"), elicitation), other = new ModernPeer(gateway.target("parked", "second"), elicitation);
    const parked = await peer.call("ask", { message: "demo's" });
    assert.equal(parked.message.result.resultType, "input_required", JSON.stringify(parked.message));
    const begun = Date.now();
    assert.equal(text_of((await other.call("greet", { name: "x" })).message.result), "Hello, x!");
    assert.equal(text_of((await peer.call("greet", { name: "y" })).message.result), "Hello, y!");
    const theirs = await other.converse("ask", { message: "second's" }, (key, request) => answers("second")(request));
    assert.match(text_of(theirs.message.result), /second answers second's/);
    const legacy = await Peer.open(gateway.target("parked", "third"), { capabilities: elicitation, answer: answers("third") });
    assert.match(text_of((await legacy.call("ask", { message: "third's" })).message.result), /third answers third's/);
    assert.ok(Date.now() - begun < 10_000, `${Date.now() - begun} ms`);
    const [key, request] = question(parked);
    const done = await peer.call("ask", { message: "demo's" }, { inputResponses: { [key]: answers("demo")(request) }, requestState: parked.message.result.requestState });
    assert.match(text_of(done.message.result), /demo answers demo's/);
  });

  it("a question of a connector with one place is parked, and others are told that the place is taken", async () => {
    const peer = new ModernPeer(gateway.target("slots"), elicitation), other = new ModernPeer(gateway.target("slots", "second"));
    const parked = await peer.call("ask", { message: "m" });
    assert.equal(parked.message.result.resultType, "input_required", JSON.stringify(parked.message));
    const begun = Date.now();
    const told = (await other.call("greet", { name: "x" })).message.error;
    assert.match(JSON.stringify(told), /GH-R701/);
    assert.equal(told.data.delivery, "never_sent");
    assert.ok(Date.now() - begun < 10_000);
  });

  it("a client without the capability is never asked", async () => {
    for (const name of ["parked", "dual-shared"]) {
      const out = await new ModernPeer(gateway.target(name)).call("ask", { message: "m" });
      assert.ok(code_of(out) === -32021 || out.message.result?.isError, JSON.stringify(out.message));
      const peer = await Peer.open(gateway.target(name));
      const legacy = await peer.call("ask", { message: "m" });
      assert.ok(legacy.message.error || legacy.message.result.isError, JSON.stringify(legacy.message));
      assert.deepEqual(peer.asked, []);
    }
  });

  it("a legacy client's refusal and its error reach the connector, in both eras of it", async () => {
    for (const name of ["shared", "dual-shared"]) {
      const peer = await Peer.open(gateway.target(name), { capabilities: elicitation, answer: () => ({ action: "decline" }) });
      assert.match(text_of((await peer.call("ask", { message: "m" })).message.result), /decline/);
      peer.answer = () => { throw new Error("no user is here"); };
      const out = await peer.call("ask", { message: "m" });
      assert.match(JSON.stringify(out.message), /no user is here|refus|declin|cancel/i);
      assert.ok(out.message.error || out.message.result.isError || /decline|cancel/.test(text_of(out.message.result)));
    }
  });

  it("a session that ends in the middle of a question frees the connector", async () => {
    const peer = await Peer.open(gateway.target("shared"), { capabilities: elicitation, answer: () => new Promise(() => {}) });
    const call = peer.begin_call("ask", { message: "m" });
    await eventually("the question is asked", () => peer.asked.length === 1, 10_000);
    assert.ok([200, 202, 204].includes(await peer.end()));
    await within(call.done.catch(() => {}), 5_000);
    const other = await Peer.open(gateway.target("shared", "second"), { capabilities: elicitation, answer: answers("second") });
    const begun = Date.now();
    assert.match(text_of((await other.call("ask", { message: "n" })).message.result), /second answers n/);
    assert.ok(Date.now() - begun < 5_000);
  });
});
