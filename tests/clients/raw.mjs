// What real clients never send, and what the transport promises to the letter: headers, ids, bodies, streams.
import test, { before, after } from "node:test";
import assert from "node:assert/strict";
import http from "node:http";
import { Daemon, connectors, text_of, eventually } from "./harness.mjs";
import { LegacySession, modern, modern_meta, post, headers_of, events_of } from "./wire.mjs";

let daemon, legacy;
const ping = { jsonrpc: "2.0", id: 1, method: "ping" };

before(async () => {
  daemon = await Daemon.start({
    connectors: [connectors.echo(), connectors.notes()], secrets: { "notes-key": "k" },
    gateway: { policy: [
      { name: "no-deletes", effect: "deny", connectors: ["notes"], tools: ["delete_*"] },
      { name: "no-secrets", effect: "deny", tools: ["echo"], arguments: [{ pointer: "/text", matches: "(?i)password" }] },
    ] },
  });
  legacy = await LegacySession.open(daemon.url, daemon.token);
});
after(() => daemon?.stop());

// fetch() does not let a test set Host, so this one speaks through node:http.
function post_with_host(host, more = {}) {
  const { hostname, port, pathname } = new URL(daemon.url);
  return new Promise((resolve, reject) => {
    const request = http.request({ hostname, port, path: pathname, method: "POST", timeout: 10_000,
      headers: { ...headers_of(daemon.token, more), host } }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode));
    });
    request.on("error", reject);
    request.end(JSON.stringify(ping));
  });
}

test("no token, a wrong token and another scheme are 401, whatever the body", async () => {
  for (const authorization of [undefined, "Bearer gth_wrong", "Basic ZGVtbzpkZW1v", "Bearer"]) {
    const answer = await post(daemon.url, null, "not even JSON", { authorization });
    assert.equal(answer.status, 401, String(authorization));
    assert.ok(answer.headers.get("www-authenticate"), String(authorization));
  }
});

test("a foreign Host and a foreign Origin are 403", async () => {
  assert.equal(await post_with_host("evil.example"), 403);
  assert.equal(await post_with_host(new URL(daemon.url).host, { origin: "http://evil.example" }), 403);
  assert.notEqual(await post_with_host(new URL(daemon.url).host), 403);
});

test("a body that is no JSON is 400 with -32700", async () => {
  for (const body of ["{", "", "nonsense", new Uint8Array([0x7b, 0xff, 0xfe, 0x7d])]) {
    const answer = await post(daemon.url, daemon.token, body, legacy.headers);
    assert.equal(answer.status, 400);
    assert.equal(answer.message.error.code, -32700);
  }
});

test("an array is refused with -32600, and so is a deep or doubled body", async () => {
  const array = await post(daemon.url, daemon.token, [ping], legacy.headers);
  assert.equal(array.status, 400);
  assert.equal(array.message.error.code, -32600);
  const deep = `{"jsonrpc":"2.0","id":1,"method":"ping","params":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
  assert.equal((await post(daemon.url, daemon.token, deep, legacy.headers)).status, 400);
  const doubled = '{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list"}';
  assert.equal((await post(daemon.url, daemon.token, doubled, legacy.headers)).status, 400);
});

test("a body of ten megabytes is refused with 413 and the daemon goes on", async () => {
  const status = await post(daemon.url, daemon.token, "x".repeat(10 << 20), legacy.headers)
    .then((answer) => answer.status, () => "connection closed");
  assert.ok(status === 413 || status === "connection closed", String(status));
  assert.equal((await legacy.request("ping")).status, 200);
});

test("wrong media types are 415 and 406, a wrong method is 405, a wrong path 404", async () => {
  assert.equal((await post(daemon.url, daemon.token, ping, { ...legacy.headers, "content-type": "text/plain" })).status, 415);
  assert.equal((await post(daemon.url, daemon.token, ping, { ...legacy.headers, accept: "text/html" })).status, 406);
  const put = await fetch(daemon.url, { method: "PUT", headers: headers_of(daemon.token), body: "{}", signal: AbortSignal.timeout(10_000) });
  assert.equal(put.status, 405);
  const elsewhere = await post(`${daemon.base}/elsewhere`, daemon.token, ping);
  assert.equal(elsewhere.status, 404);
});

test("a virtual server that does not exist and one for others look the same", async () => {
  const none = await post(`${daemon.base}/v/none/mcp`, daemon.token, ping);
  assert.equal(none.status, 404);
  const outsider = (await daemon.ok(["agent", "create", "outsider"])).trim();
  const hidden = await post(daemon.url, outsider, ping);
  assert.equal(hidden.status, none.status);
});

test("older legacy versions are negotiated, an unknown one gets the newest", async () => {
  for (const [asked, given] of [["2025-11-25", "2025-11-25"], ["2025-06-18", "2025-06-18"], ["1999-01-01", "2025-11-25"],
                                ["2026-07-28", "2025-11-25"]]) {
    const session = await LegacySession.open(daemon.url, daemon.token, asked);
    assert.equal(session.server.protocolVersion, given, asked);
  }
});

test("a missing session is 400, an unknown one 404, another agent's 404", async () => {
  assert.equal((await post(daemon.url, daemon.token, { ...ping, method: "tools/list" })).status, 400);
  assert.equal((await post(daemon.url, daemon.token, ping, { ...legacy.headers, "mcp-session-id": "unknown" })).status, 404);
  const second = (await daemon.ok(["agent", "create", "second"])).trim();
  assert.equal((await post(daemon.url, second, ping, legacy.headers)).status, 404);
});

test("an unsupported version header is 400", async () => {
  const answer = await post(daemon.url, daemon.token, ping, { ...legacy.headers, "mcp-protocol-version": "1999-01-01" });
  assert.equal(answer.status, 400);
});

test("a denied, a hidden and an unknown tool answer alike", async () => {
  const denied = await legacy.call("notes_delete_note", { id: 1 });
  const unknown = await legacy.call("notes_delete_nope", { id: 1 });
  assert.equal(denied.message.error.code, -32602);
  assert.equal(denied.message.error.message.replace("delete_note", "X"), unknown.message.error.message.replace("delete_nope", "X"));
  assert.equal(denied.status, unknown.status);
  const conditional = await legacy.call("echo_echo", { text: "my PassWord" });
  assert.equal(conditional.message.error?.code, -32602);
  assert.equal(text_of((await legacy.call("echo_echo", { text: "my pass" })).message.result), "my pass");
  const { tools } = (await legacy.request("tools/list")).message.result;
  assert.ok(!tools.some((tool) => tool.name === "notes_delete_note"));
  assert.ok(tools.some((tool) => tool.name === "echo_echo"));
});

test("wrong argument types never reach the connector", async () => {
  for (const args of [{ a: "1", b: 2 }, { a: 1 }, { a: 1, b: 2, c: 3 }, { a: null, b: 1 }]) {
    const { message } = await legacy.call("echo_add", args);
    assert.equal(message.result?.isError, true, JSON.stringify(message));
  }
});

test("two clients that both send id 1 at once each get their own answer", async () => {
  const second = await LegacySession.open(daemon.url, daemon.token);
  for (let round = 0; round < 50; ++round) {
    const texts = [`first ${round}`, `second ${round}`];
    const answers = await Promise.all([legacy, second].map((session, i) => session.call("echo_echo", { text: texts[i] }, 1)));
    assert.deepEqual(answers.map(({ message }) => message.id), [1, 1]);
    assert.deepEqual(answers.map(({ message }) => text_of(message.result)), texts);
  }
  const slow = legacy.call("echo_sleep", { ms: 300 }, 1);
  assert.equal(text_of((await second.call("echo_echo", { text: "overtakes" }, 1)).message.result), "overtakes");
  assert.equal(text_of((await slow).message.result), "slept 300 ms");
});

test("ids come back as they were, numbers and strings", async () => {
  for (const id of [0, -7, 9007199254740991, "", "a \"quoted\" ü", "1"]) {
    assert.deepEqual((await legacy.call("echo_echo", { text: "x" }, id)).message.id, id);
  }
});

test("progress comes on the stream of its own call, before the answer", async () => {
  const answer = await legacy.call("echo_sleep", { ms: 300 }, 7, { progressToken: "mine" });
  assert.ok(answer.notifications.length >= 5, `${answer.notifications.length}`);
  for (const n of answer.notifications) {
    assert.equal(n.method, "notifications/progress");
    assert.equal(n.params.progressToken, "mine");
  }
  assert.equal(text_of(answer.message.result), "slept 300 ms");
});

test("a cancelled call gets no answer from the connector and frees its place", async () => {
  const begun = Date.now();
  const call = legacy.call("echo_sleep", { ms: 25_000 }, "long", { progressToken: 1 }).catch(() => ({}));
  await eventually("the cancellation is accepted", async () =>
    (await legacy.send({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: "long", reason: "test" } })).status === 202);
  // The first one may overtake the call itself; a second one cannot.
  await new Promise((resolve) => setTimeout(resolve, 300));
  await legacy.send({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: "long", reason: "test" } });
  const answer = await call;
  assert.ok(Date.now() - begun < 10_000);
  assert.notEqual(text_of(answer.message?.result ?? {}), "slept 25000 ms");
});

test("2026-07-28: discover, list and call without a session", async () => {
  const discovered = await modern(daemon.url, daemon.token, "server/discover");
  assert.equal(discovered.status, 200);
  assert.ok(discovered.message.result.supportedVersions.includes("2026-07-28"));
  const listed = (await modern(daemon.url, daemon.token, "tools/list")).message.result;
  assert.equal(listed.resultType, "complete");
  assert.ok("ttlMs" in listed && listed.cacheScope === "private");
  const called = await modern(daemon.url, daemon.token, "tools/call", { name: "echo_echo", arguments: { text: "new" } });
  assert.equal(text_of(called.message.result), "new");
  assert.equal(called.headers.get("mcp-session-id"), null);
});

test("2026-07-28: headers that differ from the body are refused with the code of the rule", async () => {
  const params = { name: "echo_echo", arguments: { text: "x" } };
  const cases = [
    [{ headers: { "mcp-method": undefined } }, 400, -32020],
    [{ headers: { "mcp-method": "tools/list" } }, 400, -32020],
    [{ headers: { "mcp-name": undefined } }, 400, -32020],
    [{ headers: { "mcp-name": "echo_add" } }, 400, -32020],
    [{ headers: { "mcp-protocol-version": undefined } }, 400, -32020],
    [{ headers: { "mcp-protocol-version": "2025-11-25" } }, 400, -32020],
    [{ headers: { "mcp-protocol-version": "2099-01-01" },
       meta: { ...modern_meta, "io.modelcontextprotocol/protocolVersion": "2099-01-01" } }, 400, -32022],
    [{ meta: null }, 400, -32602],
    [{ meta: { "io.modelcontextprotocol/protocolVersion": "2026-07-28" } }, 400, -32602],
  ];
  for (const [change, status, code] of cases) {
    const answer = await modern(daemon.url, daemon.token, "tools/call", params, { id: "h", ...change });
    assert.deepEqual([answer.status, answer.message?.error?.code], [status, code], JSON.stringify(change));
    assert.equal(answer.message.id, "h");
  }
  const encoded = `=?base64?${Buffer.from("echo_echo").toString("base64")}?=`;
  assert.equal((await modern(daemon.url, daemon.token, "tools/call", params, { headers: { "mcp-name": encoded } })).status, 200);
});

test("2026-07-28: removed and unknown methods are 404, an unknown tool is 200 with -32602", async () => {
  for (const method of ["ping", "logging/setLevel", "no/such"]) {
    const answer = await modern(daemon.url, daemon.token, method);
    assert.deepEqual([answer.status, answer.message.error.code], [404, -32601], method);
  }
  const answer = await modern(daemon.url, daemon.token, "tools/call", { name: "echo_nothing", arguments: {} });
  assert.deepEqual([answer.status, answer.message.error.code], [200, -32602]);
});

test("2026-07-28: closing the stream cancels the call", async () => {
  const abort = new AbortController();
  const params = { name: "echo_sleep", arguments: { ms: 25_000 }, _meta: { ...modern_meta, progressToken: 5 } };
  const response = await fetch(daemon.url, { method: "POST", signal: abort.signal, body: JSON.stringify(
    { jsonrpc: "2.0", id: 1, method: "tools/call", params }),
  headers: headers_of(daemon.token, { "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "echo_sleep" }) });
  for await (const message of events_of(response)) {
    assert.equal(message.method, "notifications/progress");
    break;
  }
  abort.abort();
  const records = () => daemon.cli(["audit", "tail", "-n", "500"]).then((done) => done.stdout);
  await eventually("the journal tells of the cancelled call", async () => /cancel/.test(await records()), 10_000);
});

test("GET without a session is 405 and DELETE ends a session", async () => {
  const get = await fetch(daemon.url, { headers: headers_of(daemon.token, { accept: "text/event-stream" }), signal: AbortSignal.timeout(10_000) });
  assert.equal(get.status, 405);
  const session = await LegacySession.open(daemon.url, daemon.token);
  const ended = await fetch(daemon.url, { method: "DELETE", headers: headers_of(daemon.token, session.headers), signal: AbortSignal.timeout(10_000) });
  assert.ok([200, 202, 204].includes(ended.status), String(ended.status));
  assert.equal((await session.request("ping")).status, 404);
});

test("requests glued together and chunked bodies are read right", async () => {
  const { hostname, port, pathname, host } = new URL(daemon.url);
  const net = await import("node:net");
  const head = (more) => `POST ${pathname} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${daemon.token}\r\n` +
    `Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\nMcp-Session-Id: ${legacy.id}\r\n` +
    `MCP-Protocol-Version: 2025-11-25\r\n${more}\r\n\r\n`;
  const body = JSON.stringify(ping);
  const chunked = `${head("Transfer-Encoding: chunked")}5\r\n${body.slice(0, 5)}\r\n${(body.length - 5).toString(16)}\r\n${body.slice(5)}\r\n0\r\n\r\n`;
  const plain = `${head(`Content-Length: ${body.length}`)}${body}`;
  const socket = net.connect(Number(port), hostname);
  let received = "";
  socket.on("data", (bytes) => { received += bytes; });
  socket.write(plain + chunked + plain);
  await eventually("three answers", () => received.split("HTTP/1.1 200").length === 4);
  socket.destroy();
  const smuggled = net.connect(Number(port), hostname);
  let answer = "";
  smuggled.on("data", (bytes) => { answer += bytes; });
  smuggled.write(`${head(`Content-Length: ${body.length}\r\nTransfer-Encoding: chunked`)}${body}`);
  await eventually("a refusal", () => /^HTTP\/1\.1 400/.test(answer));
  smuggled.destroy();
});
