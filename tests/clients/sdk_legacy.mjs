// The official TypeScript SDK of the legacy line (2025-11-25) against the daemon with all five samples.
import test, { before, after } from "node:test";
import assert from "node:assert/strict";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { Daemon, samples, text_of } from "./harness.mjs";

const key = "a-shared-key-nobody-sees";
let daemon, client, transport;

async function connect() {
  transport = new StreamableHTTPClientTransport(new URL(daemon.url), {
    requestInit: { headers: { Authorization: `Bearer ${daemon.token}` } },
  });
  const made = new Client({ name: "sdk-legacy", version: "1" });
  await made.connect(transport);
  return made;
}
const call = (name, args = {}, options) => client.callTool({ name, arguments: args }, undefined, options);

before(async () => {
  daemon = await Daemon.start({ connectors: samples(), secrets: { "notes-key": key } });
  client = await connect();
});
after(async () => {
  await client?.close();
  await daemon?.stop();
});

test("the handshake gives the newest legacy version, tools and a session", () => {
  assert.equal(transport.protocolVersion, "2025-11-25");
  assert.ok(client.getServerCapabilities().tools);
  assert.ok(transport.sessionId);
});

test("the tools of every sample are listed under their prefixes", async () => {
  const { tools } = await client.listTools();
  for (const prefix of ["echo_", "notes_", "everything_", "filesystem_", "memory_"]) {
    assert.ok(tools.some((tool) => tool.name.startsWith(prefix)), prefix);
  }
  for (const tool of tools) assert.equal(tool.inputSchema.type, "object", tool.name);
});

test("a C++ connector answers", async () => {
  assert.equal(text_of(await call("echo_echo", { text: "grüße \"\\\n" })), "grüße \"\\\n");
  assert.deepEqual((await call("echo_add", { a: 1, b: 2.5 })).structuredContent, { sum: 3.5 });
});

test("a Python connector keeps state and has its secret, which nobody sees", async () => {
  await call("notes_add", { text: "buy milk" });
  assert.match(text_of(await call("notes_search", { query: "MILK" })), /buy milk/);
  const who = (await call("notes_whoami")).structuredContent.api_key;
  assert.equal(who.set, true);
  assert.equal(who.length, key.length);
  const log = await daemon.ok(["logs", "notes"]);
  assert.ok(!log.includes(key));
});

test("the official servers answer from inside their sandboxes", async () => {
  assert.match(text_of(await call("everything_echo", { message: "hi" })), /hi/);
  await call("filesystem_write_file", { path: "/data/files/a.txt", content: "kept" });
  assert.match(text_of(await call("filesystem_read_text_file", { path: "/data/files/a.txt" })), /kept/);
  const outside = await call("filesystem_read_text_file", { path: "/etc/passwd" });
  assert.equal(outside.isError, true);
  await call("memory_create_entities", { entities: [{ name: "G", entityType: "gate", observations: ["open"] }] });
  assert.match(text_of(await call("memory_read_graph")), /open/);
});

test("a result of one megabyte comes whole", async () => {
  assert.equal(text_of(await call("echo_blob", { bytes: 1_000_000 })).length, 1_000_000);
});

test("progress arrives while the call runs", async () => {
  const seen = [];
  await call("echo_sleep", { ms: 600 }, { onprogress: (progress) => seen.push(progress.progress) });
  assert.ok(seen.length >= 5, `${seen.length} notifications`);
  assert.deepEqual(seen, [...seen].sort((a, b) => a - b));
});

test("a cancelled call ends at once and the session goes on", async () => {
  const abort = new AbortController();
  const begun = Date.now();
  setTimeout(() => abort.abort("enough"), 100);
  await assert.rejects(call("echo_sleep", { ms: 20_000 }, { signal: abort.signal }));
  assert.ok(Date.now() - begun < 5_000);
  assert.equal(text_of(await call("echo_echo", { text: "still here" })), "still here");
});

test("wrong arguments are a tool error that names what is wrong", async () => {
  const result = await call("echo_add", { a: "one", b: 2 });
  assert.equal(result.isError, true);
  assert.match(text_of(result), /\ba\b/);
});

test("an unknown tool is refused", async () => {
  await assert.rejects(call("echo_nothing"), (error) => error.code === -32602);
});

test("sixty-four calls at once each get their own answer", async () => {
  const texts = Array.from({ length: 64 }, (_, i) => `call ${i}`);
  const answers = await Promise.all(texts.map((text) => call("echo_echo", { text })));
  assert.deepEqual(answers.map(text_of), texts);
});

test("ping is answered, and an ended session is unknown", async () => {
  await client.ping();
  const second = await connect();
  const id = transport.sessionId;
  await transport.terminateSession();
  await second.close();
  const response = await fetch(daemon.url, { method: "POST", signal: AbortSignal.timeout(10_000),
    headers: { authorization: `Bearer ${daemon.token}`, "content-type": "application/json", "mcp-session-id": id,
               accept: "application/json, text/event-stream", "mcp-protocol-version": "2025-11-25" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" }) });
  assert.equal(response.status, 404);
});
