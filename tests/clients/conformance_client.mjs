// The conformance suite's client scenarios with the gateway as the client: each starts a scenario server, and our command
// (conformance_driver.mjs) puts a daemon in front of it as a remote connector and drives that. In this mode of the suite a WARNING
// fails a scenario as a FAILURE does. The scenarios of auth/* judge a client's OAuth and are not part of this.
import { describe, it } from "node:test";
import assert from "node:assert/strict";
import path from "node:path";
import { node } from "./harness.mjs";
import { judge, line_of, run_suite } from "./suite.mjs";

const command = `${node} ${path.join(import.meta.dirname, "conformance_driver.mjs")}`;
const legacy = "2025-11-25", modern = "2026-07-28";
const scenarios = [
  ["initialize", legacy], ["tools_call", legacy], ["tools_call", modern], ["elicitation-sep1034-client-defaults", legacy],
  ["sse-retry", legacy], ["request-metadata", modern], ["sep-2322-client-request-state", modern],
  ["http-standard-headers", modern], ["http-custom-headers", modern], ["http-invalid-tool-headers", modern],
  ["json-schema-ref-no-deref", modern], ["json-schema-2020-12-preservation", legacy],
  ["json-schema-2020-12-preservation", modern],
];

// The suite skips what it never sees; of these headers it must see all but those of the legacy handshake.
const skipped = (checks) => checks.filter((check) => check.status === "SKIPPED").map((check) => check.name).sort();
const never_sent = ["ClientMcpMethodHeader_initialize", "ClientMcpMethodHeader_notifications_initialized"];

describe("the conformance suite, towards a remote connector", { concurrency: 2 }, () => {
  for (const [name, revision] of scenarios) {
    it(`passes ${name} at ${revision}`, async (t) => {
      const { code, text, scenarios: found } = await run_suite(
        ["client", "--command", command, "--scenario", name, "--spec-version", revision], { timeout: 60_000 });
      assert.ok(found[name], `the suite wrote nothing: ${text.slice(-3000)}`);
      const verdict = judge(name, found[name].checks);
      t.diagnostic(line_of(verdict, ` ${revision}`));
      if (found[name].stderr !== "") t.diagnostic(found[name].stderr.slice(-4000));
      assert.deepEqual([...verdict.failures, ...verdict.warnings].map((check) => check.id), []);
      assert.ok(verdict.passed > 0, "the suite saw nothing to judge");
      if (name === "http-standard-headers") assert.deepEqual(skipped(found[name].checks), never_sent);
      assert.equal(code, 0, text.slice(-3000));
    });
  }
});
