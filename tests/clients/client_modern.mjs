// The official client of the modern line, pinned to 2026-07-28, probing, and in its legacy mode, against one daemon.
import test, { before, after } from "node:test";
import assert from "node:assert/strict";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { Daemon, connectors, text_of } from "./harness.mjs";

let daemon;

async function with_client(mode, work) {
  const transport = new StreamableHTTPClientTransport(new URL(daemon.url), {
    requestInit: { headers: { Authorization: `Bearer ${daemon.token}` } },
  });
  const client = new Client({ name: "client-modern", version: "1" }, { versionNegotiation: { mode } });
  await client.connect(transport);
  try {
    await work(client, transport);
  } finally {
    await client.close();
  }
}

before(async () => {
  daemon = await Daemon.start({ connectors: [connectors.echo(), connectors.notes(), connectors.everything()],
                                secrets: { "notes-key": "k" } });
});
after(() => daemon?.stop());

for (const [name, mode, session] of [
  ["pinned to 2026-07-28", { pin: "2026-07-28" }, false],
  ["probing", "auto", false],
  ["of the legacy era", "legacy", true],
]) {
  test(`a client ${name} lists and calls tools`, () => with_client(mode, async (client, transport) => {
    assert.equal(Boolean(transport.sessionId), session);
    const { tools } = await client.listTools();
    assert.ok(tools.some((tool) => tool.name === "echo_echo"));
    assert.ok(tools.some((tool) => tool.name === "everything_echo"));
    assert.equal(text_of(await client.callTool({ name: "echo_echo", arguments: { text: "hello" } })), "hello");
    assert.match(text_of(await client.callTool({ name: "everything_echo", arguments: { message: "hi" } })), /hi/);
    assert.match(text_of(await client.callTool({ name: "notes_list", arguments: {} })), /notes/);
  }));

  test(`a client ${name} sees progress and one megabyte`, () => with_client(mode, async (client) => {
    const seen = [];
    await client.callTool({ name: "echo_sleep", arguments: { ms: 600 } }, { onprogress: (p) => seen.push(p.progress) });
    assert.ok(seen.length >= 5, `${seen.length} notifications`);
    assert.equal(text_of(await client.callTool({ name: "echo_blob", arguments: { bytes: 1_000_000 } })).length, 1_000_000);
  }));

  test(`a client ${name} can give a call up and go on`, () => with_client(mode, async (client) => {
    const abort = new AbortController();
    setTimeout(() => abort.abort("enough"), 100);
    await assert.rejects(client.callTool({ name: "echo_sleep", arguments: { ms: 20_000 } }, { signal: abort.signal }));
    assert.equal(text_of(await client.callTool({ name: "echo_echo", arguments: { text: "on" } })), "on");
  }));

  test(`a client ${name} is refused an unknown tool and told what is wrong with arguments`, () => with_client(mode, async (client) => {
    await assert.rejects(client.callTool({ name: "echo_nothing", arguments: {} }), (error) => error.code === -32602);
    const result = await client.callTool({ name: "echo_add", arguments: { a: "one", b: 2 } });
    assert.equal(result.isError, true);
  }));
}
