// The drive of scripts/up.sh --check: a real MCP client calls one tool of each sample and prints one line.
// usage: MCP_TOKEN=… node check.mjs URL
import assert from "node:assert/strict";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const calls = [
  ["echo_echo", { text: "hello" }, /^hello$/],
  ["echo_add", { a: 19, b: 23 }, /^42$/],
  ["notes_create", { text: "checked" }, /checked/],
  ["notes_search", { query: "CHECK" }, /checked/],
  ["notes_whoami", {}, /sha256_prefix/],
  ["everything_echo", { message: "hello" }, /hello/],
  ["files_write_file", { path: "/data/files/check.txt", content: "kept" }, /check\.txt/],
  ["files_read_text_file", { path: "/data/files/check.txt" }, /kept/],
  ["memory_create_entities", { entities: [{ name: "Gatehouse", entityType: "gate", observations: ["open"] }] }, /Gatehouse/],
  ["memory_search_nodes", { query: "Gatehouse" }, /open/],
];

const transport = new StreamableHTTPClientTransport(new URL(process.argv[2]), {
  requestInit: { headers: { Authorization: `Bearer ${process.env.MCP_TOKEN}` } },
});
const client = new Client({ name: "gatehouse-check", version: "0.1.0" });
await client.connect(transport);
const { tools } = await client.listTools();
const names = new Set(tools.map((tool) => tool.name));
assert.ok(!names.has("notes_delete_note"), "a tool that the policy denies is listed");
for (const [name, args, expected] of calls) {
  assert.ok(names.has(name), `the tool ${name} is not listed`);
  const result = await client.callTool({ name, arguments: args });
  const text = result.content.map((block) => block.text ?? "").join("\n");
  assert.ok(!result.isError, `${name} failed: ${text}`);
  assert.match(text, expected, name);
}
const connectors = new Set(calls.map(([name]) => name.split("_")[0]));
await transport.terminateSession();
await client.close();
console.log(`ok: ${tools.length} tools of ${connectors.size} connectors, ${calls.length} calls`);
