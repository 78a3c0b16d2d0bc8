// The command of the conformance suite's client scenarios: `conformance_driver.mjs URL`. It starts a real daemon whose one
// connector is the remote server at that URL, and drives it with an official client as the scenario needs. What the suite judges
// is what its server sees of the gateway; see the table below for what each scenario wants of it.
//
// | scenario | what the gateway's client must do |
// |---|---|
// | initialize | take a 200 with an empty result for no answer to server/discover, and fall back to initialize |
// | tools_call | list and call; numbers stay numbers; no session id, answers as JSON or as a stream |
// | elicitation-sep1034-client-defaults | declare elicitation; have the GET stream open before the call; answer the question that comes there |
// | sse-retry | take the clean end of a call's stream for a break; wait as long as `retry` says; GET with Last-Event-ID |
// | request-metadata | take -32022 for a modern server and repeat with a version of its list; _meta and headers on every POST |
// | sep-2322-client-request-state | give requestState back byte by byte, none where none came, under a new id, to no other call |
// | http-standard-headers | Mcp-Method and Mcp-Name on every request |
// | http-custom-headers | Mcp-Param-* by the schema: base64 where needed, empty is present, null is absent |
// | http-invalid-tool-headers | list no tool whose x-mcp-header is invalid, and keep the others |
// | json-schema-ref-no-deref | never fetch a $ref |
// | json-schema-2020-12-preservation | pass schemas and arguments unchanged |
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from "@modelcontextprotocol/client";
import { Client as LegacyClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as LegacyTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { Daemon } from "./harness.mjs";
import { modern } from "./wire.mjs";

const upstream = process.argv.at(-1);
const scenario = process.env.MCP_CONFORMANCE_SCENARIO;
const revision = process.env.MCP_CONFORMANCE_PROTOCOL_VERSION;
const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? "{}");

const info = { name: "conformance-driver", version: "1" };
const options_of = (daemon) => ({ requestInit: { headers: { Authorization: `Bearer ${daemon.token}` } } });

async function legacy_client(daemon) {
  const client = new LegacyClient(info, { capabilities: { elicitation: { form: { applyDefaults: true } } } });
  client.setRequestHandler(ElicitRequestSchema, () => ({ action: "accept", content: {} }));
  await client.connect(new LegacyTransport(new URL(daemon.url), options_of(daemon)));
  return client;
}

async function modern_client(daemon) {
  const client = new ModernClient(info, { capabilities: { elicitation: { form: {} } },
    versionNegotiation: { mode: { pin: "2026-07-28" } } });
  client.setRequestHandler("elicitation/create", () => ({ action: "accept", content: { confirmed: true } }));
  await client.connect(new ModernTransport(new URL(daemon.url), options_of(daemon)));
  return client;
}

const call = (client, name, args = {}) => client.callTool({ name, arguments: args });

async function only_list(client) {
  await client.listTools();
}

async function call_first(client) {
  const { tools } = await client.listTools();
  await call(client, tools[0].name);
}

async function standard_headers(client) {
  for (const { name } of (await client.listTools()).tools) await call(client, name);
  for (const { uri } of (await client.listResources()).resources) await client.readResource({ uri });
  for (const { name } of (await client.listPrompts()).prompts) await client.getPrompt({ name });
}

// The second call carries a null for an optional boolean, which its schema does not allow: a gateway that checks arguments may
// refuse it, and then the scenario's other wording ("null or not provided") is tried.
async function custom_headers(client) {
  await client.listTools();
  for (const { name, arguments: args } of context.toolCalls) {
    const result = await call(client, name, args);
    if (!result.isError) continue;
    console.error(`${name} was refused as given: ${JSON.stringify(result.content)}`);
    await call(client, name, Object.fromEntries(Object.entries(args).filter(([, value]) => value !== null)));
  }
}

// By hand, because the official client would leave out invalid tools by itself.
async function invalid_headers(daemon) {
  const { message } = await modern(daemon.url, daemon.token, "tools/list");
  for (const { name } of message.result.tools) {
    await modern(daemon.url, daemon.token, "tools/call", { name, arguments: { region: "eu" } },
                 { headers: { "mcp-param-region": "eu" } });
  }
  // Nor may a tool that is not listed be reached by its name.
  await modern(daemon.url, daemon.token, "tools/call", { name: "invalid_number_header", arguments: { score: 1 } });
}

async function echo_schema(client) {
  const { tools } = await client.listTools();
  const focal = tools.find((tool) => tool.name === "json_schema_2020_12_tool");
  await call(client, "json_schema_echo", { schema: focal.inputSchema });
}

async function echo_state(client) {
  await client.listTools();
  for (const tool of ["echo_state", "no_state", "unrelated", "no_result_type"]) await call(client, `test_mrtr_${tool}`);
}

const drives = {
  // Its server offers nothing to list; connecting makes the gateway connect.
  "initialize": async () => {},
  "tools_call": (client) => client.listTools().then(() => call(client, "add_numbers", { a: 5, b: 3 })),
  "elicitation-sep1034-client-defaults": call_first,
  "sse-retry": call_first,
  "request-metadata": only_list,
  "sep-2322-client-request-state": echo_state,
  "http-standard-headers": standard_headers,
  "http-custom-headers": custom_headers,
  "http-invalid-tool-headers": null,
  "json-schema-ref-no-deref": only_list,
  "json-schema-2020-12-preservation": echo_schema,
};

const daemon = await Daemon.start({
  connectors: [{ apiVersion: "gatehouse/v1", kind: "Connector", metadata: { name: "upstream" },
                 source: { remote: { url: upstream } }, run: { transport: "remote", remote: { allow_private: true } } }],
  gateway: { virtual_servers: [{ name: "demo", title: "Demo", audience: { agents: ["demo"] },
                                 connectors: [{ name: "upstream", prefix: "" }] }] },
});
try {
  if (drives[scenario] === null) {
    await invalid_headers(daemon);
  } else {
    const client = await (revision === "2026-07-28" ? modern_client(daemon) : legacy_client(daemon));
    await drives[scenario](client);
    await client.close();
  }
} catch (error) {
  console.error(error, daemon.stderr.slice(-4000));
  process.exitCode = 1;
} finally {
  await daemon.stop();
}
