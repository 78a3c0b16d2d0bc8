// Starts the real daemon on a free port with a configuration of the test's own, talks to its command line, and ends
// it by pid. Every wait has a deadline.
import { spawn, execFile } from "node:child_process";
import { createInterface } from "node:readline";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

export const root = path.resolve(import.meta.dirname, "../..");
export const build = process.env.GATEHOUSE_BUILD ?? path.join(root, "build");
export const binary = path.join(build, "bin/gatehouse");
export const node = path.join(import.meta.dirname, "node_modules/node/bin/node");

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Polls until `probe` gives something true; fails with `what` after the deadline.
export async function eventually(what, probe, deadline_ms = 10_000) {
  const end = Date.now() + deadline_ms;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > end) throw new Error(`not within ${deadline_ms} ms: ${what}`);
    await sleep(20);
  }
}

function connector(name, source, run, more = {}) {
  return {
    apiVersion: "gatehouse/v1", kind: "Connector", metadata: { name },
    source: { dir: { path: source } },
    run: { transport: "stdio", ...run }, ...more,
  };
}
const official = (name, args = [], run = {}, more = {}) =>
  connector(name, path.join(root, "connectors/npm"), {
    command: ["node", `node_modules/@modelcontextprotocol/server-${name}/dist/index.js`, ...args], ...run,
  }, { sandbox: { limits: { memory: "1GiB" }, ...(more.sandbox ?? {}) } });

// Manifests of the samples, as values; JSON is YAML.
export const connectors = {
  echo: (run = {}) => connector("echo", path.join(build, "connectors/echo"), { command: ["./echo"], concurrency: 64, ...run }),
  notes: (run = {}) => connector("notes", path.join(root, "connectors/notes"), { command: ["python3", "server.py"], ...run }, {
    credentials: [{ name: "api", kind: "api_key", scope: "shared", secret: { ref: "notes-key" },
                    inject: { env: { name: "NOTES_API_KEY" } } }],
    sandbox: { writable: ["state"] },
  }),
  everything: () => official("everything", ["stdio"]),
  filesystem: () => official("filesystem", ["/data/files"], {}, { sandbox: { writable: ["files"] } }),
  memory: () => official("memory", [], { env: { MEMORY_FILE_PATH: "/data/state/memory.jsonl" } }, { sandbox: { writable: ["state"] } }),
  misbehave: (mode, run = {}, more = {}) => connector(mode.replaceAll("_", "-"), path.join(root, "connectors/misbehave"),
    { command: ["python3", "server.py", mode], ...run }, more),
  dir: connector,
};
export const samples = () =>
  [connectors.echo(), connectors.notes(), connectors.everything(), connectors.filesystem(), connectors.memory()];

const made = [];
process.on("exit", () => made.forEach((folder) => fs.rmSync(folder, { recursive: true, force: true })));

// Writes a gateway file and its manifests into a new folder; returns the path of the gateway file.
export function write_config(options = {}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "gatehouse-test-"));
  made.push(folder);
  fs.chmodSync(folder, 0o755);
  const manifests = path.join(folder, "manifests");
  fs.mkdirSync(manifests);
  const list = options.connectors ?? [connectors.echo()];
  for (const manifest of list) {
    fs.writeFileSync(path.join(manifests, `${manifest.metadata.name}.yaml`), JSON.stringify(manifest, null, 2));
  }
  const gateway = {
    apiVersion: "gatehouse/v1", kind: "Gateway",
    listen: { client: "127.0.0.1:0", admin: "unix:admin.sock" },
    data: "./data", manifests: "./manifests",
    virtual_servers: [{ name: "demo", title: "Demo", audience: { agents: ["demo", "second"] },
      connectors: list.map((m) => ({ name: m.metadata.name, prefix: `${m.metadata.name}_` })) }],
    ...(options.gateway ?? {}),
  };
  const file = path.join(folder, "gatehouse.yaml");
  fs.writeFileSync(file, JSON.stringify(gateway, null, 2));
  return file;
}

// Runs `gatehouse ARGS`; never throws for a non-zero exit.
export function cli(args, { input = "", timeout = 30_000 } = {}) {
  return new Promise((resolve) => {
    const child = execFile(binary, args, { timeout, maxBuffer: 64 << 20 }, (error, stdout, stderr) =>
      resolve({ code: error ? (error.code ?? -1) : 0, stdout, stderr }));
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}

function stat_of(pid) {
  try {
    const text = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0], parent: Number(fields[1]), started: fields[19] };
  } catch { return null; }
}
const alive = ({ pid, started }) => {
  const stat = stat_of(pid);
  return stat !== null && stat.started === started && stat.state !== "Z";
};

// All living descendants of a process, as {pid, started}: a reused pid is not taken for the old process.
export function descendants(pid) {
  const all = fs.readdirSync("/proc").filter((n) => /^\d+$/.test(n)).map((n) => ({ pid: Number(n), ...stat_of(n) }));
  const found = [], open = [pid];
  while (open.length > 0) {
    const parent = open.pop();
    for (const process_ of all) {
      if (process_.parent === parent && process_.state !== "Z") {
        found.push({ pid: process_.pid, started: process_.started });
        open.push(process_.pid);
      }
    }
  }
  return found;
}
export const all_gone = (processes, deadline_ms = 10_000) =>
  eventually("every process has ended", () => !processes.some(alive), deadline_ms);

export class Daemon {
  static async start(options = {}) {
    const daemon = new Daemon(options.config ?? write_config(options), options.user);
    await daemon.#launch();
    if (options.secrets !== null) {
      for (const [name, value] of Object.entries(options.secrets ?? {})) await daemon.ok(["secret", "set", name], value);
    }
    if (options.agent !== null) daemon.token = (await daemon.ok(["agent", "create", options.agent ?? "demo"])).trim();
    return daemon;
  }

  // `user`: the uid (and gid) to run the daemon under; needs root. Its folder then belongs to that user.
  constructor(config, user) {
    this.config = config;
    this.as = user === undefined ? {} : { uid: user, gid: user };
    if (user !== undefined) fs.chownSync(path.dirname(config), user, user);
    this.stderr = "";
  }

  async #launch() {
    this.process = spawn(binary, ["serve", "--config", this.config], { stdio: ["ignore", "pipe", "pipe"], ...this.as });
    this.exited = new Promise((resolve) => this.process.once("exit", (code, signal) => resolve({ code, signal })));
    this.process.stderr.on("data", (bytes) => { this.stderr = (this.stderr + bytes).slice(-1_000_000); });
    const lines = [];
    let ready = false, ended = false;
    this.process.once("error", (error) => { ended = true; lines.push(String(error)); });
    createInterface({ input: this.process.stdout }).on("line", (line) => {
      lines.push(line);
      ready ||= line.startsWith("gatehouse: ready");
    });
    this.exited.then(() => { ended = true; });
    await eventually("the daemon is ready", () => ready || ended, 60_000);
    if (!ready) throw new Error(`the daemon ended: ${lines.join("\n")}\n${this.stderr}`);
    this.base = lines.map((l) => /^gatehouse: listening on (http:\S+)/.exec(l)?.[1]).find(Boolean).replace(/\/$/, "");
    this.url = `${this.base}/v/demo/mcp`;
  }

  get pid() { return this.process.pid; }
  cli(args, input) { return cli([...args, "--config", this.config], { input }); }
  // As cli(), but a failure is the test's failure.
  async ok(args, input) {
    const done = await this.cli(args, input);
    if (done.code !== 0) throw new Error(`gatehouse ${args.join(" ")} exited ${done.code}: ${done.stdout}${done.stderr}`);
    return done.stdout;
  }
  relaunch() { return this.#launch(); }

  async stop({ keep = false } = {}) {
    const children = descendants(this.pid);
    this.process.kill("SIGTERM");
    const timer = setTimeout(() => this.process.kill("SIGKILL"), 60_000);
    const end = await this.exited;
    clearTimeout(timer);
    await all_gone(children);
    if (!keep) fs.rmSync(path.dirname(this.config), { recursive: true, force: true });
    return end;
  }
}

// The text of a tool result.
export const text_of = (result) => (result.content ?? []).map((block) => block.text ?? "").join("");
