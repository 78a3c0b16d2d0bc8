// The table of faults: reads what the runs of faults_process, faults_protocol and confusion left in the build folder, prints it as
// tests/integration/FAULTS.md, and compares the states and causes with the file there. With --write it writes the file instead.
import fs from "node:fs";
import path from "node:path";
import { root } from "./harness.mjs";
import { rows_folder } from "./fault_scene.mjs";

const file = path.join(root, "tests/integration/FAULTS.md");
const cell = (text) => String(text).replaceAll("|", "\\|");
const line = (cells) => `| ${cells.map(cell).join(" | ")} |`;
const table = (head, rows) => [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");

function rows_of(part) {
  const place = path.join(rows_folder, `${part}.json`);
  if (!fs.existsSync(place)) throw new Error(`${place} is missing: run ${part}.mjs first`);
  const rows = JSON.parse(fs.readFileSync(place, "utf8"));
  return rows.sort((a, b) => (a.order ?? a.fault).localeCompare(b.order ?? b.fault, "en"));
}

function matrix_of(rows) {
  const names = [...new Set(rows.flatMap((row) => [row.expected_class, row.seen_class]))].sort();
  const count = (expected, seen) => rows.filter((row) => row.expected_class === expected && row.seen_class === seen).length || "";
  return table(["expected ↓ seen →", ...names], [...new Set(rows.map((row) => row.expected_class))].sort()
    .map((expected) => [expected, ...names.map((seen) => count(expected, seen))]));
}

const faults = (rows) => table(["fault", "expected", "seen", "within"], rows.map((row) => [row.fault, row.expected, row.seen, row.within]));

function page() {
  const [process_rows, protocol_rows, confusion_rows] = ["process", "protocol", "confusion"].map(rows_of);
  const all = [...process_rows, ...protocol_rows, ...confusion_rows];
  const right = all.filter((row) => row.expected === row.seen).length;
  return `# Faults

Made by the run (\`tests/clients/faults_table.mjs --write\`), with the real daemon: each fault, the state and cause it must give, what the callers
in flight must be told, and what was seen. ${right} of ${all.length} as expected. The times are from the fault until the state was shown, rounded up.
"told" is what a caller hears: an answer, how far the call got (\`delivery\` of the error: never sent, may have run, timed out, which may have run
too), or the code of the refusal.

## Of the process

${faults(process_rows)}

## Of the protocol

${faults(protocol_rows)}

## Told apart: ${confusion_rows.length} situations

${matrix_of(confusion_rows)}

${faults(confusion_rows)}
`;
}

// All but the times, and the count of a section's rows, which is right only for the file as a whole.
const compared = (text) => text.split("\n").map((one) => one.replace(/\| ≤ [\d.]+ s \|$/, "|"));

const made = page();
if (process.argv.includes("--write")) {
  fs.writeFileSync(file, made);
  console.log(`wrote ${file}`);
} else {
  const kept = fs.existsSync(file) ? compared(fs.readFileSync(file, "utf8")) : [];
  const seen = compared(made);
  const differing = seen.filter((one) => !kept.includes(one)).map((one) => `+ ${one}`).concat(kept.filter((one) => !seen.includes(one)).map((one) => `- ${one}`));
  if (differing.length > 0) {
    console.log(`tests/integration/FAULTS.md differs from this run; if the run is right, write it anew with --write\n${differing.join("\n")}`);
    process.exitCode = 1;
  } else {
    console.log(`tests/integration/FAULTS.md agrees with this run (${seen.filter((one) => one.startsWith("| ")).length} lines)`);
  }
}
