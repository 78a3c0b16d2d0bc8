// The confusion matrix: situations that look alike from far away, injected with real servers on loopback. An authentication failure, an
// outage, an own block, a crash and a misconfiguration must be told apart; text alone never says more than degraded.
import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import os from "node:os";
import { cli, connectors, write_config } from "./harness.mjs";
import { FaultStage, call_fault, faulty, quick_liveness, quick_restart, rounded, watch_for } from "./fault_scene.mjs";
import { make_certificates, start_api, start_mcp } from "./http_world.mjs";

const certificates = make_certificates();
const remote = (name, url, options = {}) => ({ apiVersion: "gatehouse/v1", kind: "Connector", metadata: { name }, source: { remote: { url } },
  run: { transport: "remote", remote: { allow_private: true, ...options }, timeouts: { call: "700ms", startup: "1500ms" }, concurrency: 64 },
  restart: { initial: "5s", max: "60s", jitter: 0 } });

const situations = [];
const situation = (group, fault, given) => situations.push({ group, fault, name: `s${String(situations.length + 1).padStart(2, "0")}`, calls: 6, ...given });
const outage = (cause) => ({ is: "downstream_outage", cause });
const refused = (cause) => ({ is: "auth_failed", cause });
const fine = { is: "healthy", cause: "" };

// S2 and S3: the server itself, once it is ready.
const on_call = (odd) => (method, count) => (method === "tools/call" ? (typeof odd === "function" ? odd(count) : odd) : undefined);
const status = (number, headers) => ({ status: number, headers });
const group_ready = "the server, once it is ready";
for (const [fault, odd, expected] of [
  ["401 to every call", status(401), refused("GH-A103")],
  ["401 with WWW-Authenticate", status(401, { "www-authenticate": "Bearer error=\"invalid_token\"" }), refused("GH-A103")],
  ["403 to every call", status(403), refused("GH-A104")],
  ["403 with insufficient_scope", status(403, { "www-authenticate": "Bearer error=\"insufficient_scope\"" }), refused("GH-A104")],
  ["401 once, then right", (n) => (n === 2 ? status(401) : undefined), fine],
  ["401 twice, then right", (n) => (n <= 2 ? status(401) : undefined), fine],
  ["429 to every call", status(429), outage("GH-D206")],
  ["429 with Retry-After", status(429, { "retry-after": "9" }), outage("GH-D206")],
  ["500 to every call", status(500), outage("GH-D205")],
  ["502 to every call", status(502), outage("GH-D205")],
  ["503 to every call", status(503), outage("GH-D205")],
  ["503 with Retry-After", status(503, { "retry-after": "9" }), outage("GH-D205")],
  ["504 to every call", status(504), outage("GH-D205")],
  ["500 four times, then right", (n) => (n <= 4 ? status(500) : undefined), fine],
  ["every connection is reset", "reset", outage("GH-D202")],
  ["every call hangs", "hang", outage("GH-D204")],
  ["slow, but right", { after_ms: 300 }, fine],
  ["flapping: every second call is 503", (n) => (n % 2 ? status(503) : undefined), { ...outage("GH-D205"), calls: 12 }],
  ["503 first, then 401", (n) => (n <= 2 ? status(503) : status(401)), refused("GH-A103")],
]) situation(group_ready, fault, { on: on_call(odd), calls: expected.calls ?? 6, expected });
situation(group_ready, "it goes away", { on: () => undefined, before_calls: (world) => world.close(), expected: outage("GH-D202") });

// S2 and S3: the server, when it is started.
const group_start = "the server, at the start";
const at_start = (odd) => (method) => (method === "initialize" || method === "server/discover" ? odd : undefined);
for (const [fault, odd, expected] of [
  ["401 to initialize", status(401), refused("GH-A103")], ["403 to initialize", status(403), refused("GH-A104")],
  ["429 to initialize", status(429), outage("GH-D206")], ["500 to initialize", status(500), outage("GH-D205")],
  ["503 to initialize", status(503), outage("GH-D205")], ["initialize hangs", "hang", outage("GH-D204")],
  ["initialize is reset", "reset", outage("GH-D202")], ["HTML instead of MCP", "html", { is: "unhealthy", cause: "GH-M403" }],
]) situation(group_start, fault, { on: at_start(odd), calls: 1, expected });
for (const [fault, url, expected, options] of [
  ["nobody listens", "http://127.0.0.1:1/mcp", outage("GH-D202")],
  ["a name without an address", "https://no-such-host.invalid/mcp", outage("GH-D201"), { allow_private: false }],
  ["our own rule: a private address", `https://${os.hostname()}:9/mcp`, { is: "own block", cause: "GH-D208" }, { allow_private: false }],
]) situation(group_start, fault, { url, options, calls: 1, expected });
for (const [fault, which, expected, ca] of [
  ["a certificate of nobody", "unsigned", outage("GH-D203"), true], ["a certificate of another name", "other", outage("GH-D203"), true],
  ["an expired certificate", "expired", outage("GH-D203"), true], ["a certificate of a CA that is not trusted", "good", outage("GH-D203"), false],
  ["a good certificate", "good", fine, true],
]) situation(group_start, fault, { on: () => undefined, tls: certificates[which], options: ca ? { ca_file: certificates.ca_file } : {}, calls: 1, expected });

// S3: the connector says what the API behind it did.
const group_told = "the connector tells of the API behind it";
for (const [fault, place, expected] of [
  ["the API answers 401", "/status/401", refused("GH-A103")], ["the API answers 403", "/status/403", refused("GH-A104")],
  ["the API answers 429", "/status/429", outage("GH-D206")], ["the API answers 500", "/status/500", outage("GH-D205")],
  ["the API answers 502", "/status/502", outage("GH-D205")], ["the API answers 503", "/status/503", outage("GH-D205")],
  ["the API answers 504", "/status/504", outage("GH-D205")], ["the API hangs", "/hang", outage("GH-D204")],
  ["the API resets", "/reset", outage("GH-D202")], ["nobody listens there", "closed", outage("GH-D202")],
  ["the API's name has no address", "http://no-such-host.invalid/", outage("GH-D201")], ["the API's certificate is bad", "tls", outage("GH-D203")],
  ["the API is slow", "/slow", fine],
]) situation(group_told, fault, { on: () => undefined, tool: "fetch", place, expected });

// S5: text alone.
const group_text = "text alone";
for (const [fault, text, condition] of [
  ["\"401 Unauthorized\"", "Request failed: 401 Unauthorized", "suspected_auth"], ["\"403 Forbidden\"", "403 Forbidden: token lacks scope", "suspected_auth"],
  ["\"invalid_grant\"", "oauth error: invalid_grant", "suspected_auth"], ["\"503 Service Unavailable\"", "upstream said 503 Service Unavailable", "suspected_downstream"],
  ["\"ECONNREFUSED\"", "connect ECONNREFUSED 10.0.0.9:443", "suspected_downstream"],
  ["\"ENOTFOUND\"", "getaddrinfo ENOTFOUND api.example.com", "suspected_downstream"],
  ["\"429 Too Many Requests\"", "HTTP 429 Too Many Requests", "suspected_downstream"],
]) situation(group_text, fault, { stdio: {}, kind: "tool_error", more: { text }, expected: { is: "degraded", condition } });
situation(group_text, "an error that hints at nothing", { stdio: {}, kind: "tool_error", more: { text: "no such invoice" }, expected: fine });

// S4: the process.
const group_process = "the process";
const slow_restart = { restart: { initial: "30s", max: "60s", jitter: 0 } };
for (const [fault, given, expected] of [
  ["crash in a call", { kind: "exit", more: { n: 1 }, manifest: slow_restart }, { is: "unhealthy", cause: "GH-P301" }],
  ["SIGSEGV in a call", { kind: "signal", more: { n: 11 }, manifest: slow_restart }, { is: "unhealthy", cause: "GH-P302" }],
  ["crash loop", { args: ["--at", "start", "--kind", "exit", "--n", 1] }, { is: "crash_loop", cause: "GH-P301" }],
  ["exit 78 before ready", { args: ["--at", "start", "--kind", "exit", "--n", 78] }, { is: "misconfigured", cause: "GH-P305" }],
  ["exit 127 before ready", { args: ["--at", "start", "--kind", "exit", "--n", 127] }, { is: "misconfigured", cause: "GH-P305" }],
  ["out of memory", { kind: "memory", more: { n: 200 }, manifest: { ...slow_restart, sandbox: { limits: { memory: "64MiB" } } } }, { is: "unhealthy", cause: "GH-P303" }],
  ["wedged", { kind: "wedged", manifest: { ...slow_restart, ...quick_liveness }, run: { timeouts: { call: "20s", stop: "500ms" } } }, { is: "unhealthy", cause: "GH-P307" }],
  ["a tool error with 401 in its text, then a crash", { kind: "tool_error", more: { text: "401 Unauthorized" }, then: ["exit", { n: 1 }], manifest: slow_restart },
    { is: "unhealthy", cause: "GH-P301" }],
]) situation(group_process, fault, { stdio: given, kind: given.kind, more: given.more, then: given.then, calls: 1, expected });

let stage;
let closed_url;
const worlds = new Map(), matrix = {}, apis = {}, rows = [];

before(async () => {
  apis.plain = await start_api();
  apis.tls = await start_api(certificates.unsigned);
  const gone = await start_api();
  closed_url = gone.url;
  await gone.close();
  const list = [];
  for (const one of situations) {
    if (one.stdio) {
      list.push(faulty(one.name, one.stdio.args ?? [], one.stdio.run ?? {}, { ...quick_restart, ...(one.stdio.manifest ?? {}) }));
      continue;
    }
    if (one.on) worlds.set(one.name, await start_mcp(one.on, one.tls));
    const scheme = one.tls ? "https" : "http";
    list.push(remote(one.name, one.url ?? `${scheme}://localhost:${worlds.get(one.name).port}/mcp`, one.options));
  }
  stage = await FaultStage.start("confusion", list);
});
after(async () => {
  if (stage) {
    print_matrix();
    stage.rows = rows;
    await stage.stop();
  }
  for (const world of [...worlds.values(), ...Object.values(apis)]) await world.close();
});

function print_matrix() {
  const columns = [...new Set(Object.values(matrix).flatMap((row) => Object.keys(row)))].sort();
  console.log(["expected \\ seen", ...columns].join(" | "));
  for (const expected of Object.keys(matrix).sort()) console.log([expected, ...columns.map((seen) => matrix[expected][seen] ?? 0)].join(" | "));
}

const classes = { auth_failed: "authentication", downstream_outage: "outage", unhealthy: "crash", crash_loop: "crash", misconfigured: "misconfiguration" };
const class_of = (health, cause) => (cause === "GH-D208" || health === "own block" ? "own block" : classes[health] ?? health);

const url_of = (place) => (place === "tls" ? `${apis.tls.url}/ok` : place === "closed" ? `${closed_url}/ok` : place.startsWith("/") ? apis.plain.url + place : place);

async function drive(one) {
  const peer = stage.peer(one.name);
  if (one.before_calls) {
    await peer.call("ok");
    await one.before_calls(worlds.get(one.name));
  }
  for (let i = 0; i < one.calls; ++i) {
    if (one.kind) await call_fault(peer, one.kind, one.more);
    else if (one.tool) await peer.call(one.tool, { url: url_of(one.place) });
    else await peer.call("do");
  }
  if (one.then) await call_fault(peer, ...one.then);
}

describe("the confusion matrix", { concurrency: 4 }, () => {
  for (const one of situations) {
    it(`${one.group}: ${one.fault}`, async () => {
      await drive(one);
      const { is, cause, condition } = one.expected;
      const own = is === "own block";
      const watched = await watch_for(stage.daemon, one.name, own ? { health: "unhealthy", cause } : { health: is, cause, condition }, own ? 500 : 5_000);
      const { state } = watched;
      const seen_condition = condition ? state.conditions.find((c) => c === condition) ?? "" : "";
      // Whatever word our own block has, it is neither of the two; the table shows the word.
      const wrongly = own && ["auth_failed", "downstream_outage"].includes(state.health);
      const seen_class = wrongly ? state.health : class_of(state.health, state.cause), expected_class = class_of(is, cause);
      (matrix[expected_class] ??= {})[seen_class] = (matrix[expected_class][seen_class] ?? 0) + 1;
      const expected = [own ? "neither outage nor authentication" : is, cause, condition].filter(Boolean).join(" ");
      const seen = [own && !wrongly ? "neither outage nor authentication" : state.health, cause === undefined ? "" : state.cause, seen_condition].filter(Boolean).join(" ");
      rows.push({ fault: `${one.group}: ${one.fault}`, order: one.name, expected, seen, within: rounded(watched.ms), expected_class, seen_class });
      assert.equal(seen, expected, JSON.stringify(state.row));
      // Where something is wrong, it must be known from where: S2 and S3 the wire, S4 the process, S5 text.
      const source = state.row.evidence?.source ?? "";
      const sources = is === "healthy" ? "" : one.group === group_text ? "S5" : one.group === group_process ? "S4" : "S2 S3";
      if (!own && sources !== "") assert.ok(sources.split(" ").includes(source), `evidence of source ${source}, expected ${sources}: ${JSON.stringify(state.row.evidence)}`);
    });
  }

  it("a private address in the manifest is refused before anything is dialled", async () => {
    const done = await cli(["validate", "--config", write_config({ connectors: [remote("near", "https://127.0.0.1:9/mcp", { allow_private: false })] })]);
    assert.notEqual(done.code, 0);
  });

  it("there are at least 40 situations", () => assert.ok(situations.length >= 40, `${situations.length}`));
});
