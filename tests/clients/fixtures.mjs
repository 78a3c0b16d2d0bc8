// The fixture connector in front of and behind the gateway, and connectors that a test writes itself.
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { Daemon, connectors, eventually, root } from "./harness.mjs";

const fixture_folder = path.join(root, "connectors/fixture");

export const fixture = (name, args = [], run = {}, more = {}) =>
  connectors.dir(name, fixture_folder, { command: ["python3", "server.py", ...args], concurrency: 64, ...run }, more);

export const http_fixture = (name, args = [], run = {}) => connectors.dir(name, fixture_folder, {
  command: ["python3", "server.py", "--transport", "http", "--port", "8000", ...args], transport: "http",
  http: { port: 8000, path: "/mcp" }, concurrency: 64, ...run });

// A fixture that keeps every byte the gateway writes to it in its own volume.
export const recorded_fixture = (name, args = [], run = {}) => connectors.dir(name, fixture_folder,
  { command: ["sh", "-c", `tee -a /data/state/received | python3 server.py ${args.join(" ")}`], concurrency: 64, ...run },
  { sandbox: { writable: ["state"] } });

const made = [];
process.on("exit", () => made.forEach((folder) => fs.rmSync(folder, { recursive: true, force: true })));

// A connector of one Python file.
export function script(name, source, run = {}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "gatehouse-script-"));
  made.push(folder);
  fs.chmodSync(folder, 0o755);
  fs.writeFileSync(path.join(folder, "server.py"), source);
  return connectors.dir(name, folder, { command: ["python3", "server.py"], concurrency: 64, ...run });
}

// A daemon with one virtual server per connector, named like it and without a prefix, for the agents demo, second and third.
export class Gateway {
  static async start(list, gateway = {}) {
    const made = new Gateway();
    const agents = ["demo", "second", "third"];
    made.daemon = await Daemon.start({ connectors: list, gateway: { virtual_servers: list.map(({ metadata: { name } }) =>
      ({ name, audience: { agents }, connectors: [{ name, prefix: "" }] })), ...gateway } });
    made.tokens = { demo: made.daemon.token };
    for (const agent of agents.slice(1)) made.tokens[agent] = (await made.daemon.ok(["agent", "create", agent])).trim();
    return made;
  }
  target(server, agent = "demo") { return { url: `${this.daemon.base}/v/${server}/mcp`, token: this.tokens[agent] }; }
  get data() { return path.join(path.dirname(this.daemon.config), "data"); }
  // Every file below the data folder whose path matches, as [path, bytes].
  files(pattern = /./) {
    return fs.readdirSync(this.data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name)).filter((file) => pattern.test(file)).map((file) => [file, fs.readFileSync(file)]);
  }
  // What a recorded fixture has received so far, as messages.
  received(connector) {
    return this.files(new RegExp(`/${connector}/.*received$`)).flatMap(([, bytes]) => bytes.toString().split("\n").slice(0, -1))
      .map((line) => JSON.parse(line));
  }
  rss_bytes() { return Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${this.daemon.pid}/status`, "utf8"))[1]) * 1024; }
  stop() { return this.daemon.stop(); }
}

// The fixture's own HTTP form, to see that a test asks for what a server gives.
export async function direct_fixture(args = []) {
  const child = spawn("/usr/bin/python3", ["server.py", "--transport", "http", "--port", "0", ...args],
                      { cwd: fixture_folder, stdio: ["ignore", "ignore", "pipe"] });
  let told = "";
  child.stderr.on("data", (bytes) => { told += bytes; });
  const url = await eventually("the fixture listens", () => /listening on (\S+)/.exec(told)?.[1], 5_000);
  return { target: () => ({ url }), stop: () => child.kill("SIGKILL") };
}

export const code_of = (out) => out.message?.error?.code;
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
// The promise's value, or undefined after that time; leaves no timer behind that keeps the program.
export const within = (promise, ms) => Promise.race([promise, new Promise((resolve) => { setTimeout(resolve, ms).unref(); })]);
export const elicitation = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} };
