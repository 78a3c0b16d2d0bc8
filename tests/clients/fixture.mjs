// The fixture connector alone, without a gateway: what the other tests build on. The conformance suite against its HTTP form, and
// by hand over stdio what the suite does not look at.
import { after, describe, it } from "node:test";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import path from "node:path";
import { eventually, root, text_of } from "./harness.mjs";
import { judge, run_suite, scored_scenarios } from "./suite.mjs";
import { modern_meta } from "./wire.mjs";

const started = [];
after(() => started.forEach((child) => child.kill("SIGKILL")));

function start(args) {
  const child = spawn("/usr/bin/python3", ["server.py", ...args], { cwd: path.join(root, "connectors/fixture"),
    stdio: ["pipe", "pipe", "pipe"] });
  started.push(child);
  child.exited = new Promise((resolve) => child.once("exit", resolve));
  child.stdin.on("error", () => {});
  return child;
}

// One fixture over stdio; `seen` is everything it has said.
class Pipe {
  constructor(...args) {
    this.child = start(args);
    this.seen = [];
    this.next = 1;
    createInterface({ input: this.child.stdout }).on("line", (line) => this.seen.push(JSON.parse(line)));
  }
  send(message) { this.child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`); }
  until(what, matches) { return eventually(what, () => this.seen.find(matches), 5_000); }
  begin(method, params = {}) {
    const id = this.next++;
    this.send({ id, method, params });
    return id;
  }
  answer(id) { return this.until(`the answer to ${id}`, (m) => m.id === id && !m.method); }
  request(method, params) { return this.answer(this.begin(method, params)); }
  modern(method, params = {}, capabilities = {}) {
    return this.request(method, { ...params, _meta: { ...modern_meta, "io.modelcontextprotocol/clientCapabilities": capabilities } });
  }
  async initialize(protocolVersion = "2025-11-25", capabilities = {}) {
    const answer = await this.request("initialize", { protocolVersion, capabilities, clientInfo: { name: "t", version: "1" } });
    this.send({ method: "notifications/initialized" });
    return answer;
  }
  call(name, args = {}, more = {}) { return this.request("tools/call", { name, arguments: args, ...more }); }
  async end() { this.child.stdin.end(); return this.child.exited; }
}

async function http_form(era) {
  const child = start(["--transport", "http", "--port", "0", "--era", era]);
  let told = "";
  child.stderr.on("data", (bytes) => { told += bytes; });
  const url = await eventually("the fixture listens", () => /listening on (\S+)/.exec(told)?.[1], 5_000);
  return { child, url };
}

describe("the fixture", { concurrency: 4 }, () => {
  for (const [era, revision, count] of [["dual", "2025-11-25", 30], ["dual", "2026-07-28", 37], ["modern", "2026-07-28", 37],
                                        ["legacy", "2025-11-25", 30]]) {
    it(`of the ${era} era passes every scenario of ${revision}, without a warning`, async () => {
      const { child, url } = await http_form(era);
      const { scenarios } = await run_suite(["server", "--url", url, "--requirements", revision]);
      child.kill("SIGTERM");
      const verdicts = Object.entries(scenarios).map(([name, { checks }]) => judge(name.replace(/^server-/, ""), checks));
      const scored = scored_scenarios(revision, "server");
      assert.equal(verdicts.filter(({ name, ok }) => ok && scored.includes(name)).length, count);
      assert.deepEqual(verdicts.filter(({ ok, warnings }) => !ok || warnings.length > 0).map(({ name }) => name), []);
    });
  }

  it("of the legacy era knows no server/discover, of the modern era no initialize", async () => {
    const legacy = new Pipe("--era", "legacy"), modern = new Pipe("--era", "modern");
    assert.equal((await legacy.modern("server/discover")).error.code, -32601);
    const { error } = await modern.initialize();
    assert.deepEqual([error.code, error.data], [-32022, { supported: ["2026-07-28"], requested: "2025-11-25" }]);
    assert.deepEqual([await legacy.end(), await modern.end()], [0, 0]);
  });

  it("negotiates every legacy revision and answers both eras on one pipe", async () => {
    for (const version of ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"]) {
      const pipe = new Pipe();
      assert.equal((await pipe.initialize(version)).result.protocolVersion, version);
      assert.equal(JSON.parse(text_of((await pipe.call("whoami")).result)).era, "legacy");
      assert.equal(JSON.parse(text_of((await pipe.modern("tools/call", { name: "whoami" })).result)).era, "modern");
      await pipe.end();
    }
  });

  it("serves calls beside each other and stops one that is cancelled", async () => {
    const pipe = new Pipe();
    await pipe.initialize();
    const long = pipe.begin("tools/call", { name: "sleep", arguments: { ms: 60_000 }, _meta: { progressToken: "p" } });
    await pipe.until("progress", (m) => m.params?.progressToken === "p");
    assert.equal(text_of((await pipe.call("big", { bytes: 1_000_000 })).result).length, 1_000_000);
    pipe.send({ method: "notifications/cancelled", params: { requestId: long } });
    assert.equal((await pipe.request("ping")).error, undefined);
    assert.ok(!pipe.seen.some((m) => m.id === long));
    await pipe.end();
  });

  it("asks a legacy client, and answers input_required to a modern one", async () => {
    const pipe = new Pipe();
    await pipe.initialize("2025-11-25", { elicitation: {} });
    const id = pipe.begin("tools/call", { name: "ask_twice" });
    for (const answer of ["one", "two"]) {
      const question = await pipe.until("a question", (m) => m.method === "elicitation/create" && !m.taken);
      question.taken = true;
      pipe.send({ id: question.id, result: { action: "accept", content: { answer } } });
    }
    assert.deepEqual(JSON.parse(text_of((await pipe.answer(id)).result)).map((a) => a.content.answer), ["one", "two"]);
    let state, inputResponses, result;
    for (const [key, answer] of [["first", "one"], ["second", "two"]]) {
      ({ result } = await pipe.modern("tools/call", { name: "ask_twice", inputResponses, requestState: state }, { elicitation: {} }));
      assert.deepEqual([result.resultType, Object.keys(result.inputRequests)], ["input_required", [key]]);
      inputResponses = { [key]: { action: "accept", content: { answer } } };
      state = result.requestState;
    }
    ({ result } = await pipe.modern("tools/call", { name: "ask_twice", inputResponses, requestState: state }, { elicitation: {} }));
    assert.equal(result.resultType, "complete");
    const elsewhere = await pipe.modern("tools/call", { name: "ask", inputResponses, requestState: state }, { elicitation: {} });
    assert.equal(elsewhere.error.code, -32602);
    await pipe.end();
  });

  it("runs the tasks of 2025-11-25 and asks through tasks/result", async () => {
    const pipe = new Pipe();
    await pipe.initialize("2025-11-25", { elicitation: {} });
    const { task } = (await pipe.call("confirm_delete", { filename: "f" }, { task: { ttl: 60_000 } })).result;
    assert.equal(task.status, "working");
    const id = pipe.begin("tasks/result", { taskId: task.taskId });
    const question = await pipe.until("the question", (m) => m.method === "elicitation/create");
    assert.equal(question.params._meta["io.modelcontextprotocol/related-task"].taskId, task.taskId);
    pipe.send({ id: question.id, result: { action: "accept", content: { confirm: true } } });
    assert.equal(text_of((await pipe.answer(id)).result), "Deleted.");
    assert.equal((await pipe.request("tasks/get", { taskId: task.taskId })).result.status, "completed");
    assert.equal((await pipe.request("tasks/cancel", { taskId: task.taskId })).error.code, -32602);
    assert.equal((await pipe.call("failing_job")).error.code, -32601);
    await pipe.end();
  });

  it("tells who listens how a task of the extension goes on, and answers through tasks/update", async () => {
    const pipe = new Pipe("--era", "modern");
    const capabilities = { elicitation: {}, extensions: { "io.modelcontextprotocol/tasks": {} } };
    const { taskId } = (await pipe.modern("tools/call", { name: "confirm_delete" }, capabilities)).result;
    pipe.begin("subscriptions/listen", { notifications: { taskIds: [taskId] },
      _meta: { ...modern_meta, "io.modelcontextprotocol/clientCapabilities": capabilities } });
    await pipe.until("the acknowledgement", (m) => m.params?.notifications?.taskIds?.[0] === taskId);
    await pipe.modern("tasks/update", { taskId, inputResponses: { confirm: { action: "accept", content: { confirm: true } } } }, capabilities);
    const told = await pipe.until("the end of the task", (m) => m.method === "notifications/tasks" && m.params.status === "completed");
    assert.deepEqual([told.params.taskId, text_of(told.params.result)], [taskId, "Deleted."]);
    await pipe.end();
  });

  it("pages its lists and refuses a cursor it never gave", async () => {
    const pipe = new Pipe("--page-size", "10");
    await pipe.initialize();
    const names = [];
    let cursor;
    do {
      const { result } = await pipe.request("tools/list", cursor ? { cursor } : {});
      assert.ok(result.tools.length <= 10);
      names.push(...result.tools.map((tool) => tool.name));
      cursor = result.nextCursor;
    } while (cursor);
    assert.ok(names.length > 40 && new Set(names).size === names.length);
    assert.equal((await pipe.request("tools/list", { cursor: "x" })).error.code, -32602);
    await pipe.end();
  });

  it("tells subscribers of both eras what has changed, and nobody else", async () => {
    const pipe = new Pipe();
    await pipe.initialize();
    await pipe.request("resources/subscribe", { uri: "test://watched-resource" });
    const listen = pipe.begin("subscriptions/listen", { _meta: modern_meta,
      notifications: { resourceSubscriptions: ["test://watched-resource"] } });
    await pipe.until("the acknowledgement", (m) => m.method === "notifications/subscriptions/acknowledged");
    await pipe.call("touch_resource", { uri: "test://watched-resource" });
    await pipe.call("touch_resource", { uri: "test://static-text" });
    const updates = () => pipe.seen.filter((m) => m.method === "notifications/resources/updated").map((m) => m.params._meta);
    assert.deepEqual(updates(), [undefined, { "io.modelcontextprotocol/subscriptionId": listen }]);
    pipe.send({ method: "notifications/cancelled", params: { requestId: listen } });
    await pipe.call("touch_resource", { uri: "test://watched-resource" });
    assert.equal(updates().length, 3);
    await pipe.end();
  });

  it("has the quirks of old servers", async () => {
    const exits = new Pipe("--era", "legacy", "--quirk", "exit_on_probe");
    exits.begin("server/discover", { _meta: modern_meta });
    assert.equal(await exits.child.exited, 1);
    const silent = new Pipe("--era", "legacy", "--quirk", "silent_probe");
    const probe = silent.begin("server/discover", { _meta: modern_meta });
    assert.ok((await silent.initialize()).result);
    assert.ok(!silent.seen.some((m) => m.id === probe));
    const early = new Pipe("--quirk", "list_changed_first");
    await early.initialize();
    assert.equal(early.seen[0].method, "notifications/tools/list_changed");
    await silent.end();
    await early.end();
    const crashes = new Pipe();
    await crashes.initialize();
    crashes.begin("tools/call", { name: "crash", arguments: { code: 7 } });
    assert.equal(await crashes.child.exited, 7);
  });
});
