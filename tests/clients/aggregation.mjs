// One virtual server over several connectors: two of the same kind, whose tools, prompts, URIs and templates have the same names, a
// large one, and one that dies. Everything reaches the connector it belongs to, and nobody's trouble is the others'.
import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { connectors, eventually, root, text_of } from "./harness.mjs";
import { Gateway, code_of, fixture, script, sleep } from "./fixtures.mjs";
import { ModernPeer, Peer } from "./peer.mjs";

const static_text = "test://static-text", watched = "test://watched-resource", template = "test://template/{id}/data";
const long_name = "a".repeat(70);
const tool_count = 2_300;
const wide = `
import json, sys
tools = [{"name": f"tool_{n:05}", "inputSchema": {"type": "object"}} for n in range(${tool_count})]
for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue
    method = message["method"]
    result = {"initialize": {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": {"name": "wide", "version": "1"}},
              "tools/list": {"tools": tools}, "ping": {},
              "tools/call": {"content": [{"type": "text", "text": message.get("params", {}).get("name", "")}]}}.get(method)
    answer = {"result": result} if result is not None else {"error": {"code": -32601, "message": "method not found"}}
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **answer}), flush=True)
`;
// A fixture that ends at once while a file lies in its volume.
const mortal = connectors.dir("mortal", path.join(root, "connectors/fixture"), { concurrency: 64,
  command: ["sh", "-c", "[ -e /data/state/dead ] && exit 3; exec python3 server.py --era legacy"] }, { sandbox: { writable: ["state"] } });

let gateway, peer, modern_peer;

before(async () => {
  const audience = { agents: ["demo", "second", "third"] };
  gateway = await Gateway.start([
    fixture("one", ["--page-size", "7"]), fixture("two", ["--era", "legacy", "--page-size", "10"]), fixture("three", ["--era", "modern"]),
    script("wide", wide), mortal,
  ], { virtual_servers: [
    { name: "same", audience, connectors: [{ name: "one", prefix: "one_" }, { name: "two", prefix: "two_" }, { name: "three", prefix: "three_" }] },
    { name: "bare", audience, connectors: [{ name: "one", prefix: "" }, { name: "two", prefix: "" }] },
    { name: "wide", audience, connectors: [{ name: "one", prefix: "one_" }, { name: "wide", prefix: "wide_" }] },
    { name: "mixed", audience, connectors: [{ name: "mortal", prefix: "mortal_" }, { name: "one", prefix: "one_", tools: { rename: { greet: long_name } } }] },
  ] });
  peer = await Peer.open(gateway.target("same"));
  modern_peer = new ModernPeer(gateway.target("same"));
});
after(() => gateway?.stop());

// All pages of a list.
async function all(client, method, key) {
  const items = [], sizes = [];
  let cursor;
  do {
    const { message } = await client.request(method, cursor ? { cursor } : {});
    assert.ok(message.result, JSON.stringify(message));
    items.push(...message.result[key]);
    sizes.push(message.result[key].length);
    cursor = message.result.nextCursor;
  } while (cursor !== undefined && sizes.length < 50);
  return { items, sizes };
}
// Which process answers: the fixtures are told apart by their arguments.
const process_of = async (client, name) => JSON.parse(text_of((await client.call(name)).message.result)).argv.join(" ");
const both = () => [["2025-11-25", peer], ["2026-07-28", modern_peer]];

describe("names that collide", () => {
  it("tools of the same name are listed once per prefix and called where they belong", async () => {
    for (const [era, client] of both()) {
      const { items } = await all(client, "tools/list", "tools");
      const names = items.map((tool) => tool.name);
      assert.equal(new Set(names).size, names.length, era);
      for (const prefix of ["one_", "two_", "three_"]) assert.ok(names.filter((name) => name.startsWith(prefix)).length > 40, `${era} ${prefix}`);
      const processes = await Promise.all(["one_whoami", "two_whoami", "three_whoami"].map((name) => process_of(client, name)));
      assert.deepEqual(processes, ["--page-size 7", "--era legacy --page-size 10", "--era modern"]);
    }
  });

  it("lists are in the same order for everyone and every time", async () => {
    const second = await Peer.open(gateway.target("same", "second"));
    for (const [method, key] of [["tools/list", "tools"], ["prompts/list", "prompts"], ["resources/list", "resources"]]) {
      const lists = [];
      for (const client of [peer, second, peer]) lists.push((await all(client, method, key)).items.map((item) => item.uri ?? item.name).join());
      assert.equal(new Set(lists).size, 1, method);
    }
  });

  it("prompts carry their prefix and reach their connector", async () => {
    for (const [era, client] of both()) {
      const names = (await all(client, "prompts/list", "prompts")).items.map((prompt) => prompt.name);
      assert.equal(new Set(names).size, names.length, era);
      for (const prefix of ["one_", "two_", "three_"]) {
        assert.ok(names.includes(`${prefix}test_prompt_with_arguments`), `${era} ${prefix}`);
        const { message } = await client.request("prompts/get", { name: `${prefix}test_prompt_with_arguments`, arguments: { arg1: prefix, arg2: "2" } });
        assert.match(message.result.messages[0].content.text, new RegExp(`arg1='${prefix}'`));
      }
      assert.equal(code_of(await client.request("prompts/get", { name: "test_simple_prompt" })), -32602);
    }
  });

  it("resources of one URI are listed under different ones, and each is read from its own", async () => {
    for (const [era, client] of both()) {
      const uris = (await all(client, "resources/list", "resources")).items.map((resource) => resource.uri);
      assert.equal(new Set(uris).size, uris.length, era);
      const same = uris.filter((uri) => uri.endsWith(static_text));
      assert.equal(same.length, 3, `${era} ${uris}`);
      assert.ok(same.includes(static_text));
      for (const uri of same) {
        const { message } = await client.request("resources/read", { uri });
        assert.deepEqual(message.result.contents.map((content) => content.uri), [uri]);
        assert.match(message.result.contents[0].text, /static text resource/);
      }
      const nobody = await client.request("resources/read", { uri: `none+${static_text}` });
      assert.equal(code_of(nobody), era === "2025-11-25" ? -32002 : -32602);
    }
  });

  it("templates that collide are told apart, read and completed", async () => {
    for (const [era, client] of both()) {
      const templates = (await all(client, "resources/templates/list", "resourceTemplates")).items.map((item) => item.uriTemplate);
      assert.equal(new Set(templates).size, 3, `${era} ${templates}`);
      for (const uriTemplate of templates) {
        const uri = uriTemplate.replace("{id}", "42");
        const { message } = await client.request("resources/read", { uri });
        assert.equal(message.result?.contents[0].uri, uri, JSON.stringify(message));
        const done = await client.request("completion/complete", { ref: { type: "ref/resource", uri: uriTemplate }, argument: { name: "id", value: "par" } });
        assert.deepEqual(done.message.result?.completion.values, ["paris", "park", "party"], JSON.stringify(done.message));
      }
      const prompt = await client.request("completion/complete", { ref: { type: "ref/prompt", name: "two_test_simple_prompt" }, argument: { name: "x", value: "test" } });
      assert.deepEqual(prompt.message.result.completion.values, ["test", "testing"]);
      const nobody = await client.request("completion/complete", { ref: { type: "ref/prompt", name: "none" }, argument: { name: "x", value: "" } });
      assert.equal(code_of(nobody), -32602);
    }
    assert.ok(template);
  });

  it("who subscribes to one of the same URIs hears of that one, under the URI it knows", async () => {
    const uris = (await all(peer, "resources/list", "resources")).items.map((resource) => resource.uri).filter((uri) => uri.endsWith(watched));
    const theirs = uris.find((uri) => uri.startsWith("two"));
    assert.ok(theirs, uris.join());
    const stream = await peer.listen(), listen = await modern_peer.listen({ resourceSubscriptions: [theirs] });
    await peer.request("resources/subscribe", { uri: theirs });
    await peer.call("one_touch_resource", { uri: watched });
    await peer.call("two_touch_resource", { uri: watched });
    const updates = (running) => running.messages().filter((m) => m.method === "notifications/resources/updated").map((m) => m.params.uri);
    for (const running of [stream, listen]) await eventually("the update", () => updates(running).length > 0, 5_000);
    await sleep(100);
    assert.deepEqual([updates(stream), updates(listen)], [[theirs], [theirs]]);
    await Promise.all([stream.drop(), listen.drop()]);
  });

  it("embedded resources and links in results are written as their client knows them", async () => {
    const { message } = await peer.call("two_test_embedded_resource");
    assert.match(message.result.content[0].resource.uri, /test:\/\/embedded-resource$/);
    const prompt = await peer.request("prompts/get", { name: "two_test_prompt_with_embedded_resource", arguments: { resourceUri: static_text } });
    const uri = prompt.message.result.messages[0].content.resource.uri;
    const read = await peer.request("resources/read", { uri });
    assert.ok(read.message.result, `${uri}: ${JSON.stringify(read.message)}`);
  });

  it("without prefixes the first of two tools stays, and the log names both connectors", async () => {
    const bare = await Peer.open(gateway.target("bare"));
    const names = (await all(bare, "tools/list", "tools")).items.map((tool) => tool.name);
    assert.equal(new Set(names).size, names.length);
    assert.equal(await process_of(bare, "whoami"), "--page-size 7");
    assert.ok(gateway.daemon.stderr.split("\n").some((line) => /\bone\b/.test(line) && /\btwo\b/.test(line)), gateway.daemon.stderr.slice(-2000));
  });
});

describe("lists", () => {
  it("a long list comes in pages, whole and without doubles, in both eras", async () => {
    for (const client of [await Peer.open(gateway.target("wide")), new ModernPeer(gateway.target("wide"))]) {
      const { items, sizes } = await all(client, "tools/list", "tools");
      const names = items.map((tool) => tool.name).filter((name) => name.startsWith("wide_"));
      assert.ok(sizes.length >= 3 && sizes.length < 50, sizes.join());
      assert.equal(names.length, tool_count);
      assert.equal(new Set(names).size, tool_count);
      assert.equal(text_of((await client.call(names.at(-1))).message.result), names.at(-1).slice(5));
    }
  });

  it("a cursor that was never given, or for another list, is -32602", async () => {
    const client = await Peer.open(gateway.target("wide"));
    const { nextCursor } = (await client.request("tools/list")).message.result;
    assert.ok(nextCursor);
    assert.equal(code_of(await client.request("tools/list", { cursor: "tools-7" })), -32602);
    assert.equal(code_of(await client.request("tools/list", { cursor: `${nextCursor}x` })), -32602);
    assert.equal(code_of(await client.request("prompts/list", { cursor: nextCursor })), -32602);
    const stateless = new ModernPeer(gateway.target("wide"));
    const same = await stateless.request("tools/list", { cursor: nextCursor });
    assert.ok(same.message.result || code_of(same) === -32602);
  });

  it("capabilities are the union, instructions are joined, and results of 2026-07-28 say how long they hold", async () => {
    assert.ok(peer.server.capabilities.tools && peer.server.capabilities.prompts && peer.server.capabilities.resources && peer.server.capabilities.completions);
    assert.match(peer.server.instructions ?? "", /every tool does what its name says/);
    const discovered = (await modern_peer.request("server/discover")).message.result;
    assert.ok(discovered.capabilities.tools && discovered.capabilities.resources);
    for (const method of ["server/discover", "tools/list", "prompts/list", "resources/list", "resources/templates/list"]) {
      const { result } = (await modern_peer.request(method)).message;
      assert.deepEqual([typeof result.ttlMs, result.cacheScope, result.resultType], ["number", "private", "complete"], method);
    }
  });

  it("a name of more than 64 characters is served and warned of", async () => {
    const client = await Peer.open(gateway.target("mixed"));
    const names = (await all(client, "tools/list", "tools")).items.map((tool) => tool.name);
    const name = names.find((one) => one.endsWith(long_name));
    assert.ok(name);
    assert.equal(text_of((await client.call(name, { name: "x" })).message.result), "Hello, x!");
    assert.ok(gateway.daemon.stderr.split("\n").some((line) => line.includes(long_name) && line.includes("64")), gateway.daemon.stderr.slice(-2000));
  });
});

describe("a connector that is dead", () => {
  it("stays listed as it was seen, its calls fail at once with the cause, and the others go on", async () => {
    const client = await Peer.open(gateway.target("mixed")), stateless = new ModernPeer(gateway.target("mixed", "second"));
    const names = async (one) => (await all(one, "tools/list", "tools")).items.map((tool) => tool.name).join();
    const before = await names(client);
    assert.match(before, /mortal_whoami/);
    const state = path.join(gateway.data, "state/mortal/state");
    assert.ok(fs.existsSync(state), `no volume at ${state}`);
    fs.writeFileSync(path.join(state, "dead"), "");
    await client.call("mortal_crash", { code: 3 });
    // Its restarts fail now; the cause is known after the first of them.
    await eventually("calls fail with a cause", async () => /GH-/.test(JSON.stringify((await client.call("mortal_whoami")).message)), 20_000);
    for (const one of [client, stateless]) {
      const begun = Date.now();
      assert.equal(await names(one), before);
      const { message } = await one.call("mortal_whoami");
      const took = Date.now() - begun;
      assert.ok(message.error || message.result.isError, JSON.stringify(message));
      assert.match(JSON.stringify(message), /GH-[A-Z]\d{3}/);
      assert.ok(took < 1_000, `${took} ms`);
      assert.equal(await process_of(one, "one_whoami"), "--page-size 7");
      const read = await one.request("resources/list");
      assert.ok(read.message.result.resources.length > 0);
    }
    const fresh = await Peer.open(gateway.target("mixed", "third"));
    assert.equal(await names(fresh), before);
    fs.rmSync(path.join(state, "dead"));
    await gateway.daemon.cli(["restart", "mortal"]);
    await eventually("it serves again", async () => !(await client.call("mortal_whoami")).message.result?.isError, 20_000);
  });
});
