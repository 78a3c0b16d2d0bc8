// What the long runs measure of the daemon and of the machine, and where their figures go.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { build, root } from "../clients/harness.mjs";

export const results_folder = path.join(build, "tests/soak");
export function keep_results(part, results) {
  fs.mkdirSync(results_folder, { recursive: true });
  fs.writeFileSync(path.join(results_folder, `${part}.json`), JSON.stringify({ part, cpus: os.cpus().length, date: new Date().toISOString().slice(0, 10), ...results }, null, 2));
}

// The value of --NAME N, or the default.
export function option(name, value) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? value : Number(process.argv[at + 1]);
}

const status_number = (pid, key) => Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
export const footprint = (pid) => ({ rss_kib: status_number(pid, "VmRSS"), threads: status_number(pid, "Threads"), fds: fs.readdirSync(`/proc/${pid}/fd`).length });

export function processes() {
  return fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    try {
      const text = fs.readFileSync(`/proc/${name}/stat`, "utf8");
      const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
      return [{ pid: Number(name), comm: text.slice(text.indexOf("(") + 1, text.lastIndexOf(")")), state: fields[0], parent: Number(fields[1]), started: fields[19],
        ticks: Number(fields[11]) + Number(fields[12]) }];
    } catch { return []; }
  });
}

// By which the connectors of this run are told from those of others; the jail's own processes are told by their program.
const mark = { name: "GATEHOUSE_SOAK", value: `${process.pid}-${Date.now()}` };
export const marked = { env: { [mark.name]: mark.value } };
function is_ours(pid) {
  try {
    if (fs.readlinkSync(`/proc/${pid}/exe`) === path.join(build, "bin/gatehouse-jail")) return true;
    return fs.readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(`${mark.name}=${mark.value}`);
  } catch { return false; }
}

// Of processes that were not there before: those that are dead and not waited for, and those of connectors that hang on no daemon.
export function leftovers(known, daemon_pid) {
  const all = processes(), by_pid = new Map(all.map((one) => [one.pid, one])), old = new Set(known.map((one) => `${one.pid} ${one.started}`));
  const below_daemon = (one) => {
    for (let at = one; at; at = by_pid.get(at.parent)) if (at.pid === daemon_pid) return true;
    return false;
  };
  const fresh = all.filter((one) => !old.has(`${one.pid} ${one.started}`));
  return { zombies: fresh.filter((one) => one.state === "Z" && (daemon_pid === undefined || below_daemon(one))).length,
    orphans: fresh.filter((one) => one.state !== "Z" && /^(faulty|echo|gatehouse-jail)$/.test(one.comm) && !below_daemon(one) && is_ours(one.pid)).length };
}

// Control groups with ours in their name.
export function cgroup_count() {
  let count = 0;
  const walk = (folder, depth) => {
    for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      if (/gatehouse/.test(entry.name)) ++count;
      else if (depth > 0) { try { walk(path.join(folder, entry.name), depth - 1); } catch { /* it went away */ } }
      if (/gatehouse/.test(entry.name)) count += fs.readdirSync(path.join(folder, entry.name), { withFileTypes: true }).filter((one) => one.isDirectory()).length;
    }
  };
  try { walk("/sys/fs/cgroup", 2); } catch { /* no control groups here */ }
  return count;
}
export const mount_count = () => fs.readFileSync("/proc/self/mountinfo", "utf8").split("\n").length - 1;

export const quantile = (times, q) => { const sorted = [...times].sort((a, b) => a - b); return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0; };
export const median = (values) => quantile(values, 0.5);
export { root };
