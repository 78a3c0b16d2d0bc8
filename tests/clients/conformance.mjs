// The conformance suite's server scenarios against the real daemon, with the fixture connector behind it in four forms. The
// suite has no option for a token, so a loopback proxy in front adds it.
import { describe, it } from "node:test";
import assert from "node:assert/strict";
import path from "node:path";
import { Daemon, connectors, root } from "./harness.mjs";
import { judge, line_of, revisions, run_suite, scored_scenarios } from "./suite.mjs";
import { start_token_proxy } from "./token_proxy.mjs";

const fixture = (args, run = {}) => connectors.dir("fixture", path.join(root, "connectors/fixture"),
  { command: ["python3", "server.py", ...args], concurrency: 64, ...run });

// What a legacy connector cannot give a modern client, whoever stands between.
const inherent = {
  // The suite wants the key "user_name"; a legacy elicitation has no key.
  "input-required-result-basic-elicitation": "a legacy server names no keys",
};
// WARNINGs of the suite that are accepted, by check id, with the reason.
const legacy_warnings = {
  "sep-2322-ignore-unexpected-params": "answers that come before the question reach no legacy server",
};
const everything = { "2025-11-25": { passed: 30, of: 30 }, "2026-07-28": { passed: 37, of: 37 } };

const forms = [
  { name: "of both eras over stdio", connector: fixture(["--era", "dual"]), expected: everything, tasks: true },
  { name: "of the modern era over stdio", connector: fixture(["--era", "modern"]), expected: everything, tasks: true },
  { name: "of the legacy era over stdio", connector: fixture(["--era", "legacy"]), tasks: false,
    expected: { ...everything, "2026-07-28": { passed: 36, of: 37, misses: inherent } }, warnings: legacy_warnings },
  { name: "of both eras over HTTP", tasks: true, expected: everything,
    connector: fixture(["--transport", "http", "--port", "8000"], { transport: "http", http: { port: 8000, path: "/mcp" } }) },
];

async function run_form({ connector, expected, tasks, warnings = {} }, print) {
  const daemon = await Daemon.start({ connectors: [connector], gateway: {
    virtual_servers: [{ name: "demo", title: "Demo", audience: { agents: ["demo"] },
      connectors: [{ name: connector.metadata.name, prefix: "" }] }] } });
  const faults = [];
  try {
    const proxy = await start_token_proxy(daemon.url, daemon.token);
    for (const revision of revisions) {
      const { scenarios, text } = await run_suite(["server", "--url", proxy.url, "--requirements", revision]);
      faults.push(...compare(revision, scenarios, { expected: expected[revision], tasks, warnings }, print));
      if (Object.keys(scenarios).length === 0) faults.push(`${revision}: the suite wrote nothing: ${text.slice(-2000)}`);
    }
    await proxy.close();
  } finally {
    await daemon.stop();
  }
  assert.deepEqual(faults, []);
}

// Prints one line per scenario and gives what differs from the table, as sentences.
function compare(revision, scenarios, { expected, tasks, warnings }, print) {
  const scored = new Set(scored_scenarios(revision, "server"));
  const verdicts = Object.entries(scenarios).map(([name, { checks }]) => judge(name.replace(/^server-/, ""), checks));
  const faults = [];
  for (const verdict of verdicts) {
    print(line_of(verdict, ` ${revision}${scored.has(verdict.name) ? "" : " (not scored)"}`));
    for (const check of verdict.warnings) {
      if (!(check.id in warnings)) faults.push(`${revision} ${verdict.name}: a warning that nothing explains: ${check.id}`);
    }
  }
  const passed = verdicts.filter((verdict) => scored.has(verdict.name) && verdict.ok);
  const missed = [...scored].filter((name) => !passed.some((verdict) => verdict.name === name)).sort();
  print(`${revision}: ${passed.length}/${scored.size} scored scenarios, expected ${expected.passed}/${expected.of}`);
  if (passed.length !== expected.passed || scored.size !== expected.of) {
    faults.push(`${revision}: ${passed.length}/${scored.size} scored scenarios pass, expected ${expected.passed}/${expected.of}`);
  }
  const misses = Object.keys(expected.misses ?? {}).sort();
  if (missed.join() !== misses.join()) faults.push(`${revision}: missed ${missed.join(", ") || "none"}, expected ${misses.join(", ") || "none"}`);
  if (tasks && revision === "2026-07-28") {
    const of_tasks = verdicts.filter((verdict) => !scored.has(verdict.name));
    const failing = of_tasks.filter((verdict) => !verdict.ok).map((verdict) => verdict.name);
    if (of_tasks.length !== 13 || failing.length > 0) {
      faults.push(`${revision}: ${of_tasks.length} scenarios beyond the scored ones, expected 13; failing: ${failing.join(", ") || "none"}`);
    }
  }
  return faults;
}

describe("the conformance suite", { concurrency: 2 }, () => {
  for (const form of forms) {
    it(`finds what it should with a connector ${form.name}`, (t) => run_form(form, (line) => t.diagnostic(line)));
  }
});
