// Writes tests/soak/RESULTS.md from what the long runs left in the build folder.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { results_folder, root } from "./measure.mjs";

const read = (part) => {
  const file = path.join(results_folder, `${part}.json`);
  return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, "utf8")) : undefined;
};
const word = (run) => (run.passed ? "passed" : "FELL SHORT");
const kernel = execFileSync("uname", ["-sr"]).toString().trim();

function crashes(run) {
  return `## Crash cycles: ${word(run)}

${run.cycles} crashes (exit 0, exit 1, SIGKILL, SIGSEGV, SIGABRT in turn, in a call) in ${run.seconds} s, each until the connector served again; ${run.unserved} did not.

| | after the first tenth | at the end |
|---|---|---|
| resident memory of the daemon | ${run.early.rss_kib} KiB | ${run.late.rss_kib} KiB |
| descriptors | ${run.early.fds} | ${run.late.fds} |
| threads | ${run.early.threads} | ${run.late.threads} |

Zombies ${run.zombies}, orphans ${run.orphans}; after the daemon's end ${run.left_after_stop} processes, ${Math.max(0, run.cgroups_left)} control groups and ${run.mounts_left} mounts left.
From the crash to the next answer: p50 ${run.back_p50_ms} ms, p99 ${run.back_p99_ms} ms. What callers were told: ${Object.entries(run.told).map(([told, n]) => `${told} ${n}`).join(", ")}.
Meanwhile a neighbour was called all the time: ${run.neighbour_failures} calls failed, p99 ${run.neighbour_p99_ms} ms.
`;
}

function kills(run) {
  const { journal } = run;
  return `## SIGKILL of the daemon under load: ${word(run)}

${run.kills} kills. ${journal.acknowledged} calls were answered to clients; ${journal.acknowledged_lost} of them are missing in the journal. It has ${journal.records} records, verifies,
and holds ${journal.without_outcome} intents without an outcome (the next start closed ${journal.closed_by_next_start}, of calls that were in flight at a kill), ${journal.outcomes_without_intent} outcomes without an intent and ${journal.numbers_used_again} call numbers used again.
Every process was gone within ${run.gone_max_ms} ms; ready again in ${run.ready_p50_ms} ms (p50), at most ${run.ready_max_ms} ms.
In the end ${run.left_after_stop} processes, ${Math.max(0, run.cgroups_left)} control groups and ${run.mounts_left} mounts were left.${run.fault_count > 0 ? `\nWrong: ${run.faults.join("; ")}` : ""}
`;
}

function many(run) {
  const rows = Object.entries(run.ratios).map(([name, r]) => `| ${name} | ${r.plain_p50_ms} | ${r.broken_p50_ms} | ${r.plain_p99_ms} | ${r.broken_p99_ms} | ${r.ratio} | ${r.failed} |`);
  return `## ${run.connectors} connectors on ${run.cpus} cores: ${word(run)}

All ready ${run.all_ready_s} s after the start of the daemon, which then has ${run.daemon.rss_kib} KiB resident, ${run.daemon.fds} descriptors and ${run.daemon.threads} threads.
\`gatehouse ls\`: p50 ${run.ls_ms.p50} ms, at most ${run.ls_ms.max} ms. The daemon idle: ${run.idle_cpu_percent} % of a core.
One of them misbehaves; the others are called one after the other, in windows with and without the fault in turn (medians of the windows):

| one connector is | p50 without, ms | p50 with, ms | p99 without, ms | p99 with, ms | ratio of p99 | calls failed |
|---|---|---|---|---|---|---|
${rows.join("\n")}
`;
}

const parts = [["crash_cycles", crashes], ["daemon_kills", kills], ["three_hundred", many]].map(([part, text]) => [part, read(part), text]);
const sections = parts.map(([part, run, text]) => (run ? text(run) : `## ${part}: not run\n`));
const ran = parts.map(([, run]) => run).filter(Boolean);
fs.writeFileSync(path.join(root, "tests/soak/RESULTS.md"), `# Long runs

Made by \`scripts/soak.sh\` (${ran[0]?.date ?? "never"}, ${kernel}, ${ran[0]?.cpus ?? "?"} cores); not part of the test run, because they take long. Times depend on the machine,
counts do not.

${sections.join("\n")}`);
console.log("wrote tests/soak/RESULTS.md");
process.exitCode = ran.length === parts.length && ran.every((run) => run.passed) ? 0 : 1;
