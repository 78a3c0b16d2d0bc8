// The official servers through the gateway and directly, answer by answer, with the clients of both SDK lines. The reference is
// a client of the same line on the server's own pipes, in the server's (legacy) era. What may differ, and nothing else:
//   - the envelope: the order of its members, the ids;
//   - for a client of 2026-07-28: `resultType`, `ttlMs`, `cacheScope` and our `serverInfo` in `_meta` are added, `execution` of a
//     tool (2025-11-25 only) may be taken away, a missing resource is -32602 instead of -32002;
//   - what a step of `differential_tables.mjs` excepts, with its reason.
import { after, describe, it } from "node:test";
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { Client as LegacyClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as LegacyHttp } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import * as legacy_types from "@modelcontextprotocol/sdk/types.js";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { Daemon, connectors, root } from "./harness.mjs";
import { PipeTransport, capturing_fetch, items, member, members } from "./capture.mjs";
import * as tables from "./differential_tables.mjs";

// As the gateway introduces itself to a legacy connector, so that servers that offer tools by capability offer the same.
const all_capabilities = { sampling: {}, elicitation: { form: {}, url: {} }, roots: { listChanged: true } };
const answers = {
  "sampling/createMessage": { model: "none", role: "assistant", stopReason: "endTurn", content: { type: "text", text: "It is a gate." } },
  "elicitation/create": { action: "accept", content: { name: "Ada", check: true, integer: 7, titledMultipleSelectEnum: ["fish-2"] } },
  "roots/list": { roots: [{ uri: "file:///work", name: "work" }] },
};
const capabilities_for = (name) => { const { roots, ...others } = all_capabilities; return tables[name].no_roots ? others : all_capabilities; };
const answer_to = (request) => (request.params?.mode === "url" ? { action: "accept" } : answers[request.method]);

const lines = {
  "the legacy SDK": {
    revision: "2025-11-25",
    make(capabilities) {
      const client = new LegacyClient({ name: "differential", version: "1" }, { capabilities });
      client.setRequestHandler(legacy_types.CreateMessageRequestSchema, answer_to);
      client.setRequestHandler(legacy_types.ElicitRequestSchema, answer_to);
      if (capabilities.roots) client.setRequestHandler(legacy_types.ListRootsRequestSchema, answer_to);
      return client;
    },
    http: LegacyHttp,
    raw: (client, method, params) => client.request({ method, params }, legacy_types.ResultSchema),
  },
  "the new SDK in its legacy mode": { revision: "2025-11-25", make: (capabilities) => new_client("legacy", capabilities), http: StreamableHTTPClientTransport },
  "the new SDK in 2026-07-28": { revision: "2026-07-28",
    make: (capabilities) => new_client({ pin: "2026-07-28" }, capabilities),
    direct: (capabilities) => new_client("legacy", capabilities), http: StreamableHTTPClientTransport },
};
function new_client(mode, capabilities) {
  const client = new Client({ name: "differential", version: "1" }, { capabilities, versionNegotiation: { mode } });
  for (const method of Object.keys(answers)) if (method !== "roots/list" || capabilities.roots) client.setRequestHandler(method, answer_to);
  return client;
}

const verbs = {
  "tools/call": (client, params) => client.callTool(params),
  "resources/read": (client, params) => client.readResource(params),
  "prompts/get": (client, params) => client.getPrompt(params),
  "completion/complete": (client, params) => client.complete(params),
};
const lists = [["tools/list", "tools", "listTools"], ["prompts/list", "prompts", "listPrompts"],
               ["resources/list", "resources", "listResources"], ["resources/templates/list", "resourceTemplates", "listResourceTemplates"]];

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "gatehouse-differential-"));
after(() => fs.rmSync(folder, { recursive: true, force: true }));

// The server on pipes of its own, with fresh state; its paths are those of the sandbox but for their root.
async function connect_direct(line, name) {
  const own = fs.mkdtempSync(path.join(folder, "state-"));
  fs.mkdirSync(path.join(own, "data/files"), { recursive: true });
  fs.mkdirSync(path.join(own, "data/state"));
  const arguments_ = tables[name].command.map((argument) => argument.replace(/^\/data/, `${own}/data`));
  const transport = new PipeTransport(["node", `node_modules/@modelcontextprotocol/server-${name}/dist/index.js`, ...arguments_], {
    cwd: path.join(root, "connectors/npm"),
    env: { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: own, MEMORY_FILE_PATH: path.join(own, "data/state/memory.jsonl") } });
  const client = (line.direct ?? line.make)(capabilities_for(name));
  await client.connect(transport);
  return { client, wire: transport.wire,
           into: (params) => JSON.parse(JSON.stringify(params).replaceAll("/data/files", `${own}/data/files`)),
           from: (text) => text.replaceAll(own, "") };
}

async function connect_gateway(line, daemon, name) {
  const { wire, fetch } = capturing_fetch();
  const transport = new line.http(new URL(`${daemon.base}/v/${name}/mcp`), { fetch,
    requestInit: { headers: { Authorization: `Bearer ${daemon.token}` } } });
  const client = line.make(capabilities_for(name));
  await client.connect(transport);
  return { client, wire, into: (params) => params, from: (text) => text };
}

async function ask(side, line, { method, params, raw }) {
  const told = {};
  try {
    told.result = raw && line.raw ? await line.raw(side.client, method, side.into(params)) : await verbs[method](side.client, side.into(params));
  } catch (error) {
    told.error = { code: error.code, message: error.message };
  }
  told.raw = side.from(await side.wire.answer_to(method).catch((error) => `{"error":{"code":0,"message":${JSON.stringify(
    `${error.message}; the client said: ${told.error?.message}`)}}}`));
  return told;
}

// The raw parts of an answer that must be equal: the members of its result in their order, or its error.
function parts(raw, line) {
  const error = member(raw, "error");
  if (error !== undefined) return [["error", error]];
  let found = members(member(raw, "result"));
  if (line.revision === "2026-07-28") {
    found = found.filter(([name]) => !["resultType", "ttlMs", "cacheScope"].includes(name))
      .map(([name, value]) => [name, name === "_meta" ? without(value, "io.modelcontextprotocol/serverInfo") : value])
      .filter(([name, value]) => name !== "_meta" || value !== "{}");
  }
  return found;
}
const without = (raw, name) => `{${members(raw).filter(([key]) => key !== name).map(([key, value]) => `${JSON.stringify(key)}:${value}`).join()}}`;
const code_of = (raw) => JSON.parse(raw).error?.code;
const short = (text) => (text.length > 700 ? `${text.slice(0, 700)}… (${text.length})` : text);

// What is wrong with the gateway's answer, or nothing.
function compare(direct, gateway, step, line) {
  if (step.bytes === "refused") return code_of(gateway.raw) === -32602 ? null : `not refused with -32602: ${short(gateway.raw)}`;
  if (step.missing && line.revision === "2026-07-28") return code_of(gateway.raw) === -32602 ? null : `not -32602: ${short(gateway.raw)}`;
  const [left, right] = [direct, gateway].map(({ raw }) => parts(raw, line));
  if (step.bytes === "shape") {
    const shape = (list, raw) => JSON.stringify([list.map(([name]) => name), code_of(raw), JSON.parse(raw).result?.isError]);
    return shape(left, direct.raw) === shape(right, gateway.raw) ? null : `another shape: ${short(direct.raw)}\n   gateway: ${short(gateway.raw)}`;
  }
  const masked = (list) => (step.bytes ?? []).reduce((text, pattern) => text.replace(pattern, "…"), JSON.stringify(list).replaceAll('\\"', '"'));
  if (masked(left) !== masked(right)) return `other bytes: ${short(direct.raw)}\n   gateway: ${short(gateway.raw)}`;
  if (step.bytes === undefined && line.revision === "2025-11-25" && direct.result !== undefined) {
    const { from } = step;
    if (!equal(from(direct.result), gateway.result)) return "the client understood another result";
  }
  return direct.error?.code === gateway.error?.code ? null : `the client saw ${direct.error?.code} and ${gateway.error?.code}`;
}
function equal(left, right) {
  try { assert.deepEqual(left, right); return true; } catch { return false; }
}

async function compare_lists(direct, gateway, line, faults) {
  const listed = {};
  for (const [method, key, verb] of lists) {
    const [left, right] = await Promise.all([direct, gateway].map(async (side) => {
      if (!side.client.getServerCapabilities()[key === "resourceTemplates" ? "resources" : key]) return { none: true };
      const result = await side.client[verb]();
      return { items: items(member(member(side.from(await side.wire.answer_to(method)), "result"), key)), result: result[key] };
    }));
    if (left.none || right.none) {
      if (left.none !== right.none) faults.push(`${method}: only one of both offers it`);
      continue;
    }
    listed[key] = left.result;
    const modern = line.revision === "2026-07-28";
    const reference = left.items, bare = modern && key === "tools" ? left.items.map((tool) => without(tool, "execution")) : [];
    const names = (list) => list.map((item) => JSON.parse(item)).map((item) => item.uri ?? item.uriTemplate ?? item.name);
    if (names(reference).join() !== names(right.items).join()) {
      faults.push(`${method}: direct ${names(reference).join()}; gateway ${names(right.items).join()}`);
    }
    for (const item of right.items) {
      if (!reference.includes(item) && !bare.includes(item)) faults.push(`${method}: these bytes are not the server's: ${short(item)}`);
    }
    if (!modern && !equal(left.result, right.result)) faults.push(`${method}: the client understood another list`);
  }
  return listed;
}

function uncovered(name, listed) {
  const { steps } = tables[name];
  const asked = (method, field, value) => steps.some((step) => step.method === method && step.params[field] === value);
  return [
    ...(listed.tools ?? []).filter((tool) => !asked("tools/call", "name", tool.name)).map((tool) => `the tool ${tool.name}`),
    ...(listed.prompts ?? []).filter((prompt) => !asked("prompts/get", "name", prompt.name)).map((prompt) => `the prompt ${prompt.name}`),
    ...(listed.resources ?? []).filter((resource) => !asked("resources/read", "uri", resource.uri)).map((resource) => `the resource ${resource.uri}`),
  ].map((what) => `${what} is not in the table`);
}

async function compare_server(line, daemon, name, print) {
  const direct = await connect_direct(line, name), gateway = await connect_gateway(line, daemon, name);
  const faults = [];
  try {
    const listed = await compare_lists(direct, gateway, line, faults);
    faults.push(...uncovered(name, listed));
    const steps = tables[name].steps.filter((step) => !step.only || step.only.includes(line.revision)).filter((step) => !step.raw || line.raw);
    for (const step of steps) {
      const [left, right] = [await ask(direct, line, step), await ask(gateway, line, step)];
      const from = (result) => JSON.parse(direct.from(JSON.stringify(result)));
      const fault = compare(left, right, { ...step, from }, line);
      if (fault) faults.push(`${step.method} ${JSON.stringify(step.params).slice(0, 200)}: ${fault}`);
    }
    print(`${name}: ${steps.length} requests compared, ${faults.length} differ`);
    for (const fault of faults) print(fault);
  } finally {
    await Promise.all([direct, gateway].map((side) => side.client.close().catch(() => {})));
  }
  assert.deepEqual(faults, []);
}

describe("an official server answers through the gateway as it does directly", { concurrency: 2 }, () => {
  for (const [title, line] of Object.entries(lines)) {
    it(`to ${title}`, async (t) => {
      const names = ["everything", "filesystem", "memory"];
      const daemon = await Daemon.start({ connectors: names.map((name) => connectors[name]()), gateway: {
        virtual_servers: names.map((name) => ({ name, audience: { agents: ["demo"] }, connectors: [{ name, prefix: "" }] })) } });
      try {
        for (const name of names) await t.test(name, (inner) => compare_server(line, daemon, name, (text) => inner.diagnostic(text)));
      } finally {
        await daemon.stop();
      }
    });
  }
});
