// MCP clients by hand that keep their streams open: they answer what a server asks, they listen, and they can be cut off and come
// back. A target is {url, token}; without a token it is a server of the test's own.
import { eventually } from "./harness.mjs";
import { headers_of, modern_meta, modern_version } from "./wire.mjs";

// The events of a response as {id, retry, data}; data is parsed, and undefined in an event without any.
export async function* sse(response) {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of response.body) {
    text += decoder.decode(bytes, { stream: true });
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const event = {}, data = [];
      for (const line of text.slice(0, end).split(/\r?\n/)) {
        const [, field, value] = /^([a-z]+):? ?(.*)$/.exec(line) ?? [];
        if (field === "data") data.push(value);
        else if (field === "id" || field === "retry") event[field] = value;
      }
      text = text.slice(end + 2);
      if (data.join("") !== "") event.data = JSON.parse(data.join("\n"));
      if (Object.keys(event).length > 0) yield event;
    }
  }
}

const is_stream = (response) => (response.headers.get("content-type") ?? "").startsWith("text/event-stream");
const is_answer = (message) => !message.method && message.id !== undefined;

// One request on its way: `events` fills while it runs, `done` gives {status, message, notifications, requests, last_id}.
class Running {
  events = [];
  abort = new AbortController();
  async read(response, on_request) {
    this.response = response;
    const out = { status: response.status, headers: response.headers, notifications: [], requests: [] };
    if (!is_stream(response)) {
      const text = await response.text();
      try { out.message = JSON.parse(text); } catch { out.text = text; }
      return out;
    }
    for await (const event of sse(response)) {
      this.events.push(event);
      if (event.id !== undefined) this.last_id = event.id;
      const message = event.data;
      if (message === undefined) continue;
      if (is_answer(message)) out.message = message;
      else if (message.id === undefined) out.notifications.push(message);
      else { out.requests.push(message); on_request?.(message); }
    }
    return out;
  }
  // The connection breaks, as if the network did.
  drop() { this.abort.abort(); return this.done.catch(() => {}); }
  messages() { return this.events.map((event) => event.data).filter(Boolean); }
  until(what, matches, deadline_ms = 10_000) { return eventually(what, () => this.messages().find(matches), deadline_ms); }
}

// A client of a legacy revision. `answer(request)` gives the result for what the server asks; a thrown error becomes its error.
export class Peer {
  next_id = 1;
  asked = []; // every request of the server, on whatever stream
  static async open(target, { version = "2025-11-25", capabilities = {}, answer = () => ({}), name = "peer" } = {}) {
    const peer = new Peer(target, version, answer);
    const { message, status, headers } = await peer.request("initialize", { protocolVersion: version, capabilities, clientInfo: { name, version: "1" } });
    if (!message?.result) throw new Error(`initialize: ${status} ${JSON.stringify(message)}`);
    peer.session = headers.get("mcp-session-id");
    peer.server = message.result;
    await peer.post({ jsonrpc: "2.0", method: "notifications/initialized" });
    return peer;
  }
  constructor(target, version, answer) { Object.assign(this, { target, version, answer }); }
  headers(more = {}) {
    return headers_of(this.target.token, { ...(this.session ? { "mcp-session-id": this.session } : {}),
      ...(this.session && this.version >= "2025-06-18" ? { "mcp-protocol-version": this.version } : {}), ...more });
  }
  async post(body, signal = AbortSignal.timeout(30_000)) {
    const response = await fetch(this.target.url, { method: "POST", headers: this.headers(), body: JSON.stringify(body), signal });
    const text = await response.text();
    return { status: response.status, text };
  }
  // Sends one message or an array and reads what comes.
  send(body) {
    const running = new Running();
    const signal = AbortSignal.any([running.abort.signal, AbortSignal.timeout(60_000)]);
    running.done = fetch(this.target.url, { method: "POST", headers: this.headers(), body: JSON.stringify(body), signal })
      .then((response) => running.read(response, (request) => this.reply(request)));
    running.done.catch(() => {});
    return running;
  }
  begin(method, params = {}, id = this.next_id++) {
    const running = this.send({ jsonrpc: "2.0", id, method, params });
    running.id = id;
    return running;
  }
  request(method, params, id) { return this.begin(method, params, id).done; }
  begin_call(name, args = {}, more = {}) { return this.begin("tools/call", { name, arguments: args, ...more }); }
  call(name, args, more) { return this.begin_call(name, args, more).done; }
  async reply(request) {
    this.asked.push(request);
    let answer;
    try { answer = { result: await this.answer(request) }; } catch (error) { answer = { error: { code: -1, message: error.message } }; }
    await this.post({ jsonrpc: "2.0", id: request.id, ...answer }).catch(() => {});
  }
  // A GET stream: the standalone one, or with `last_id` the rest of another.
  async listen(last_id) {
    const running = new Running();
    const response = await fetch(this.target.url, { headers: this.headers({ accept: "text/event-stream", "content-type": undefined,
      ...(last_id !== undefined ? { "last-event-id": last_id } : {}) }), signal: running.abort.signal });
    running.status = response.status;
    running.done = running.read(response, (request) => this.reply(request));
    running.done.catch(() => {});
    return running;
  }
  async end() {
    const response = await fetch(this.target.url, { method: "DELETE", headers: this.headers(), signal: AbortSignal.timeout(10_000) });
    return response.status;
  }
}

// A client of 2026-07-28, which has nothing but its capabilities.
export class ModernPeer {
  next_id = 1;
  constructor(target, capabilities = {}, more = {}) { Object.assign(this, { target, capabilities, meta: more }); }
  begin(method, params = {}, { id = this.next_id++, headers = {} } = {}) {
    const running = new Running();
    const named = params.name ?? params.uri ?? params.taskId;
    const meta = { ...modern_meta, "io.modelcontextprotocol/clientCapabilities": this.capabilities, ...this.meta, ...params._meta };
    const signal = AbortSignal.any([running.abort.signal, AbortSignal.timeout(60_000)]);
    running.id = id;
    running.done = fetch(this.target.url, { method: "POST", signal, headers: headers_of(this.target.token, {
      "mcp-protocol-version": modern_version, "mcp-method": method, ...(named ? { "mcp-name": named } : {}), ...headers }),
    body: JSON.stringify({ jsonrpc: "2.0", id, method, params: { ...params, _meta: meta } }) }).then((response) => running.read(response));
    running.done.catch(() => {});
    return running;
  }
  request(method, params, more) { return this.begin(method, params, more).done; }
  begin_call(name, args = {}, more = {}) { return this.begin("tools/call", { name, arguments: args, ...more }); }
  call(name, args, more) { return this.begin_call(name, args, more).done; }
  // Calls and answers what is asked, round after round, as `answer(key, request)` says.
  async converse(name, args, answer, rounds = 5) {
    let more = {};
    for (; rounds > 0; --rounds) {
      const out = await this.call(name, args, more);
      const { result } = out.message ?? {};
      if (result?.resultType !== "input_required") return out;
      const inputResponses = Object.fromEntries(Object.entries(result.inputRequests ?? {}).map(([key, request]) => [key, answer(key, request)]));
      more = { inputResponses, ...(result.requestState !== undefined ? { requestState: result.requestState } : {}) };
    }
    throw new Error("the rounds do not end");
  }
  // subscriptions/listen, once it is acknowledged.
  async listen(notifications) {
    const running = this.begin("subscriptions/listen", { notifications });
    running.acknowledged = await running.until("the acknowledgement", (m) => m.method === "notifications/subscriptions/acknowledged");
    return running;
  }
}
