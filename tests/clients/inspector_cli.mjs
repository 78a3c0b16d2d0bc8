// The Inspector's command line, as a developer would use it to look at a virtual server.
import test, { before, after } from "node:test";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import path from "node:path";
import { Daemon, connectors, node, text_of } from "./harness.mjs";

const entry = path.join(import.meta.dirname, "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js");
const run = promisify(execFile);
let daemon;

async function inspect(era, ...args) {
  const { stdout } = await run(node, [entry, "--cli", "--transport", "http", "--server-url", daemon.url, "--protocol-era", era,
    "--header", `Authorization: Bearer ${daemon.token}`, "--quiet", "--format", "json", ...args],
  { timeout: 60_000, maxBuffer: 16 << 20 });
  return JSON.parse(stdout);
}

before(async () => { daemon = await Daemon.start({ connectors: [connectors.echo()] }); });
after(() => daemon?.stop());

for (const era of ["legacy", "modern"]) {
  test(`the Inspector lists the tools in the ${era} era`, async () => {
    const answer = await inspect(era, "--method", "tools/list");
    const { tools } = answer.result ?? answer;
    assert.deepEqual(tools.map((tool) => tool.name).sort(), ["echo_add", "echo_blob", "echo_echo", "echo_report", "echo_sleep"]);
  });
  test(`the Inspector calls a tool in the ${era} era`, async () => {
    const answer = await inspect(era, "--method", "tools/call", "--tool-name", "echo_echo", "--tool-arg", "text=hello");
    assert.equal(text_of(answer.result ?? answer), "hello");
  });
}
