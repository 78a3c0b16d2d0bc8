// What is behind a connector, on loopback: an HTTP API that answers as its path says, MCP servers over HTTP that fail in a given way,
// and a certificate authority of the test's own. Nothing here leaves the machine.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import https from "node:https";
import os from "node:os";
import path from "node:path";
import { sleep } from "./fixtures.mjs";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "gatehouse-world-"));
process.on("exit", () => fs.rmSync(folder, { recursive: true, force: true }));
fs.chmodSync(folder, 0o755);
const openssl = (...args) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });

// A CA and three certificates of it: good, of another name, and expired; and one that no CA has signed.
export function make_certificates() {
  const key = (name) => ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", `${name}.key`];
  openssl("req", "-x509", ...key("ca"), "-out", "ca.crt", "-days", "2", "-subj", "/CN=Test CA");
  const names = { good: "DNS:localhost,IP:127.0.0.1", other: "DNS:elsewhere.example" };
  names.expired = names.good;
  const certificates = { ca_file: path.join(folder, "ca.crt") };
  for (const [name, alt] of Object.entries(names)) {
    openssl("req", ...key(name), "-out", `${name}.csr`, "-subj", `/CN=${name}`);
    fs.writeFileSync(path.join(folder, `${name}.ext`), `subjectAltName=${alt}\n`);
    const days = name === "expired" ? ["-not_before", "20200101000000Z", "-not_after", "20200102000000Z"] : ["-days", "2"];
    try {
      openssl("x509", "-req", "-in", `${name}.csr`, "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-out", `${name}.crt`, "-extfile", `${name}.ext`, ...days);
    } catch {
      // An older openssl cannot date it back with x509: its ca command can.
      fs.writeFileSync(path.join(folder, "index.txt"), "");
      fs.writeFileSync(path.join(folder, "serial"), "1000");
      fs.writeFileSync(path.join(folder, "ca.cnf"), "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\n" +
        "policy=p\n[p]\ncommonName=supplied\n");
      openssl("ca", "-config", "ca.cnf", "-batch", "-in", `${name}.csr`, "-cert", "ca.crt", "-keyfile", "ca.key", "-out", `${name}.crt`,
        "-extfile", `${name}.ext`, "-startdate", "20200101000000Z", "-enddate", "20200102000000Z", "-notext");
    }
    certificates[name] = { key: fs.readFileSync(path.join(folder, `${name}.key`)), cert: fs.readFileSync(path.join(folder, `${name}.crt`)) };
  }
  openssl("req", "-x509", ...key("unsigned"), "-out", "unsigned.crt", "-days", "2", "-subj", "/CN=localhost", "-addext", `subjectAltName=${names.good}`);
  certificates.unsigned = { key: fs.readFileSync(path.join(folder, "unsigned.key")), cert: fs.readFileSync(path.join(folder, "unsigned.crt")) };
  return certificates;
}

async function listen(server) {
  const sockets = new Set();
  server.on("connection", (socket) => { sockets.add(socket); socket.on("error", () => {}); socket.on("close", () => sockets.delete(socket)); });
  server.on("tlsClientError", () => {});
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => new Promise((resolve) => { server.close(resolve); for (const socket of sockets) socket.destroy(); });
  return { port: server.address().port, close };
}

// An API: GET /status/503 answers so, /hang never, /reset breaks, /slow after 300 ms, /ok properly.
export async function start_api(tls) {
  const server = (tls ? https : http).createServer(tls ?? {}, async (request, response) => {
    const [, kind, value] = request.url.split("/");
    if (kind === "hang") return;
    if (kind === "reset") { request.socket.destroy(); return; }
    if (kind === "slow") await sleep(300);
    const status = kind === "status" ? Number(value) : 200;
    response.writeHead(status, status === 429 || status === 503 ? { "retry-after": "7" } : {}).end(`{"status":${status}}`);
  });
  const running = await listen(server);
  return { ...running, url: `${tls ? "https" : "http"}://localhost:${running.port}` };
}

const tools = ["ok", "do", "fetch"].map((name) => ({ name, inputSchema: { type: "object" }, annotations: { readOnlyHint: false } }));

// What an author of a connector would write: asks the API, and says in `_meta` what kind of failure it was.
async function ask_api(url) {
  let failure;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(400) });
    await response.text();
    const { status } = response;
    if (status < 400) return { content: [{ type: "text", text: "done" }] };
    const kind = status === 401 || status === 403 ? "auth" : status === 429 ? "rate_limit" : "outage";
    failure = { kind, http_status: status };
    if (response.headers.get("retry-after")) failure.retry_after_s = Number(response.headers.get("retry-after"));
  } catch (error) {
    const code = error.cause?.code ?? error.name;
    const kind = /ENOTFOUND|EAI_AGAIN/.test(code) ? "dns" : /ECONNREFUSED|ECONNRESET|UND_ERR_SOCKET/.test(code) ? "refused"
      : /CERT|SIGNATURE|SELF_SIGNED|TLS/.test(code) ? "tls" : /Timeout/i.test(code) ? "timeout" : "outage";
    failure = { kind };
  }
  failure.host = new URL(url).hostname;
  return { content: [{ type: "text", text: "the service could not do it" }], isError: true, _meta: { "dev.gatehouse/failure": failure } };
}

// An MCP server (2025-11-25) over HTTP. `world.on(method, count)` may give, for the nth call of a method, {status, headers} or
// "hang", "reset", "html", {after_ms}, {result}; nothing answers properly.
export async function start_mcp(on = () => undefined, tls) {
  const world = { on, counts: {} };
  const answer = async (message) => {
    if (message.method === "initialize") {
      return { protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo: { name: "world", version: "1" } };
    }
    if (message.method === "tools/list") return { tools };
    if (message.method === "tools/call" && message.params.name === "fetch") return ask_api(message.params.arguments.url);
    if (message.method === "tools/call") return { content: [{ type: "text", text: "done" }] };
    return message.method === "ping" ? {} : undefined;
  };
  const server = (tls ? https : http).createServer(tls ?? {}, async (request, response) => {
    let text = "";
    for await (const bytes of request) text += bytes;
    if (request.method !== "POST") { response.writeHead(405).end(); return; }
    const message = JSON.parse(text);
    const count = (world.counts[message.method] = (world.counts[message.method] ?? 0) + 1);
    const odd = world.on(message.method, count);
    if (odd === "hang") return;
    if (odd === "reset") { request.socket.destroy(); return; }
    if (odd === "html") { response.writeHead(200, { "content-type": "text/html" }).end("<h1>It works</h1>"); return; }
    if (odd?.status) { response.writeHead(odd.status, odd.headers ?? {}).end("no"); return; }
    if (odd?.after_ms) await sleep(odd.after_ms);
    if (message.id === undefined) { response.writeHead(202).end(); return; }
    const result = odd?.result ?? await answer(message);
    const body = result === undefined ? { error: { code: -32601, message: "method not found" } } : { result };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ jsonrpc: "2.0", id: message.id, ...body }));
  });
  return Object.assign(world, await listen(server));
}
