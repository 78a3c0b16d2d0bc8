// Runs `@modelcontextprotocol/conformance` and reads what it found from the folder it writes.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { node } from "./harness.mjs";

const package_folder = path.join(import.meta.dirname, "node_modules/@modelcontextprotocol/conformance");
const yaml = createRequire(path.join(package_folder, "package.json"))("yaml");
export const revisions = ["2025-11-25", "2026-07-28"];

// The names of a requirement set's scored scenarios for "server" or "client".
export function scored_scenarios(revision, leg) {
  return yaml.parse(fs.readFileSync(path.join(package_folder, `requirements/${revision}.yaml`), "utf8"))[leg];
}

// Runs the suite with these arguments. The output is the folder's content by scenario: {name: [check, …]}.
export async function run_suite(args, { timeout = 150_000, env = process.env } = {}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "gatehouse-conformance-"));
  try {
    const child = spawn(node, [path.join(package_folder, "dist/index.js"), ...args, "-o", folder],
                        { stdio: ["ignore", "pipe", "pipe"], env });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes) => { text = (text + bytes).slice(-200_000); });
    const timer = setTimeout(() => child.kill("SIGKILL"), timeout);
    const code = await new Promise((resolve) => child.once("close", resolve));
    clearTimeout(timer);
    return { code, text, scenarios: read_results(folder) };
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

// Each scenario has a folder `[server-]NAME-TIME` with its checks and, for a client, with what its command printed.
function read_results(folder) {
  const found = {};
  for (const entry of fs.readdirSync(folder)) {
    const match = /^(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$/.exec(entry);
    const file = path.join(folder, entry, "checks.json");
    if (!match || !fs.existsSync(file)) continue;
    const stderr = path.join(folder, entry, "stderr.txt");
    found[match[1]] = {
      checks: JSON.parse(fs.readFileSync(file, "utf8")),
      stderr: fs.existsSync(stderr) ? fs.readFileSync(stderr, "utf8") : "",
    };
  }
  return found;
}

// The verdict of the suite: a scenario fails by a FAILURE (and a client scenario by a WARNING too, which is the caller's rule).
export function judge(name, checks) {
  const having = (status) => checks.filter((check) => check.status === status);
  return {
    name, total: having("SUCCESS").length + having("FAILURE").length, passed: having("SUCCESS").length,
    failures: having("FAILURE"), warnings: having("WARNING"), ok: having("FAILURE").length === 0,
  };
}

export function line_of({ name, ok, passed, total, failures, warnings }, note = "") {
  const reasons = failures.map((check) => `\n      ${check.id}: ${(check.errorMessage ?? "").slice(0, 400)}`).join("");
  const warned = warnings.map((check) => `\n      warning ${check.id}: ${(check.errorMessage ?? "").slice(0, 400)}`).join("");
  return `${ok ? "pass" : "FAIL"} ${name} ${passed}/${total}${note}${reasons}${warned}`;
}
