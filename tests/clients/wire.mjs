// MCP by hand over fetch, for what real clients never send: wrong headers, equal ids, odd bodies.
export const legacy_version = "2025-11-25";
export const modern_version = "2026-07-28";

const deadline = () => AbortSignal.timeout(30_000);

// Server-sent events of a response, as they come.
export async function* events_of(response) {
  const decoder = new TextDecoder();
  let buffered = "";
  for await (const bytes of response.body) {
    buffered += decoder.decode(bytes, { stream: true });
    for (let end = buffered.search(/\r?\n\r?\n/); end >= 0; end = buffered.search(/\r?\n\r?\n/)) {
      const block = buffered.slice(0, end);
      buffered = buffered.slice(end).replace(/^\r?\n\r?\n/, "");
      const data = block.split(/\r?\n/).filter((l) => l.startsWith("data:")).map((l) => l.slice(5).replace(/^ /, "")).join("\n");
      if (data !== "") yield JSON.parse(data);
    }
  }
}

export function headers_of(token, more = {}) {
  const headers = { "content-type": "application/json", accept: "application/json, text/event-stream", ...more };
  if (token) headers.authorization = `Bearer ${token}`;
  for (const [name, value] of Object.entries(headers)) if (value === undefined) delete headers[name];
  return headers;
}

// One POST; the answer is the JSON body, or the message of an event stream that carries a result or an error.
export async function post(url, token, body, more = {}, signal = deadline()) {
  const response = await fetch(url, {
    method: "POST", headers: headers_of(token, more), signal,
    body: typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body),
  });
  const out = { status: response.status, headers: response.headers, notifications: [], message: undefined, text: "" };
  if ((response.headers.get("content-type") ?? "").startsWith("text/event-stream")) {
    for await (const message of events_of(response)) {
      if ("result" in message || "error" in message) out.message = message;
      else out.notifications.push(message);
    }
    return out;
  }
  out.text = await response.text();
  try { out.message = JSON.parse(out.text); } catch { /* a body that is no JSON is a finding of the test */ }
  return out;
}

export class LegacySession {
  static async open(url, token, version = legacy_version) {
    const session = new LegacySession(url, token, version);
    const answer = await post(url, token, { jsonrpc: "2.0", id: 1, method: "initialize",
      params: { protocolVersion: version, capabilities: {}, clientInfo: { name: "wire", version: "1" } } });
    if (answer.status !== 200 || !answer.message?.result) throw new Error(`initialize: ${answer.status} ${answer.text}`);
    session.server = answer.message.result;
    session.id = answer.headers.get("mcp-session-id");
    await session.send({ jsonrpc: "2.0", method: "notifications/initialized" });
    return session;
  }
  constructor(url, token, version) { Object.assign(this, { url, token, version }); }
  get headers() { return { "mcp-session-id": this.id, "mcp-protocol-version": this.version }; }
  send(message, signal) { return post(this.url, this.token, message, this.headers, signal); }
  request(method, params = {}, id = 2, signal = undefined) { return this.send({ jsonrpc: "2.0", id, method, params }, signal); }
  call(name, args = {}, id = 2, meta = undefined, signal = undefined) {
    return this.request("tools/call", { name, arguments: args, ...(meta ? { _meta: meta } : {}) }, id, signal);
  }
}

export const modern_meta = {
  "io.modelcontextprotocol/protocolVersion": modern_version,
  "io.modelcontextprotocol/clientInfo": { name: "wire", version: "1" },
  "io.modelcontextprotocol/clientCapabilities": {},
};

// A request of 2026-07-28; `change` may override headers (undefined drops one) and `meta` the envelope.
export function modern(url, token, method, params = {}, { id = 1, headers = {}, meta = modern_meta, signal } = {}) {
  const named = params.name ?? params.uri;
  return post(url, token, { jsonrpc: "2.0", id, method, params: { ...params, ...(meta ? { _meta: meta } : {}) } }, {
    "mcp-protocol-version": modern_version, "mcp-method": method, ...(named ? { "mcp-name": named } : {}), ...headers,
  }, signal);
}
