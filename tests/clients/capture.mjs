// Transports of the SDK clients that keep what came over the wire, byte for byte: a pipe to a server of our own, and the fetch of
// an HTTP transport. And the little that is needed to look into raw JSON without parsing it.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { eventually } from "./harness.mjs";

// The members of a JSON object as [name, raw text], in their order.
export function members(raw) {
  const found = [];
  let depth = 0, begin = -1, name = null;
  for (let at = 0; at < raw.length; ++at) {
    const c = raw[at];
    if (c === '"') {
      const from = at;
      for (++at; raw[at] !== '"'; ++at) if (raw[at] === "\\") ++at;
      if (depth === 1 && name === null) name = JSON.parse(raw.slice(from, at + 1));
    } else if (c === "{" || c === "[") {
      ++depth;
    } else if (c === ":" && depth === 1 && begin < 0) {
      begin = at + 1;
    } else if ((c === "," && depth === 1) || ((c === "}" || c === "]") && --depth === 0)) {
      if (name !== null) found.push([name, raw.slice(begin, at).trim()]);
      name = null;
      begin = -1;
    }
  }
  return found;
}

export const member = (raw, name) => members(raw).find(([key]) => key === name)?.[1];

// The items of a JSON array as raw texts.
export function items(raw) {
  const found = [];
  let depth = 0, begin = 1;
  for (let at = 0; at < raw.length; ++at) {
    const c = raw[at];
    if (c === '"') {
      for (++at; raw[at] !== '"'; ++at) if (raw[at] === "\\") ++at;
    } else if (c === "{" || c === "[") {
      ++depth;
    } else if ((c === "," && depth === 1) || ((c === "}" || c === "]") && --depth === 0)) {
      const item = raw.slice(begin, at).trim();
      if (item !== "") found.push(item);
      begin = at + 1;
    }
  }
  return found;
}

// What one side said: the raw answers by request id, and the id of the last request of each method.
class Wire {
  answers = new Map();
  last = new Map();
  note_request(message) {
    if (message.method && message.id !== undefined) this.last.set(message.method, message.id);
  }
  note_message(raw) {
    const message = JSON.parse(raw);
    if (message.id !== undefined && !message.method) this.answers.set(message.id, raw);
  }
  // The raw answer to the last request of that method.
  answer_to(method) {
    return eventually(`the raw answer to ${method}`, () => this.answers.get(this.last.get(method)), 5_000);
  }
}

// A transport over the pipes of a child of its own; serves the clients of both SDK lines.
export class PipeTransport {
  wire = new Wire();
  constructor(command, { cwd, env } = {}) { Object.assign(this, { command, cwd, env }); }
  async start() {
    this.child = spawn(this.command[0], this.command.slice(1), { cwd: this.cwd, env: this.env, stdio: ["pipe", "pipe", "ignore"] });
    this.child.once("exit", () => this.onclose?.());
    this.child.stdin.on("error", () => {});
    createInterface({ input: this.child.stdout }).on("line", (line) => {
      this.wire.note_message(line);
      this.onmessage?.(JSON.parse(line));
    });
  }
  async send(message) {
    this.wire.note_request(message);
    this.child.stdin.write(`${JSON.stringify(message)}\n`);
  }
  async close() { this.child.kill("SIGKILL"); }
}

// The option `fetch` of an HTTP transport, which keeps the answers to POSTs.
export function capturing_fetch() {
  const wire = new Wire();
  const read = async (response) => {
    const stream = (response.headers.get("content-type") ?? "").startsWith("text/event-stream");
    const decoder = new TextDecoder();
    let text = "";
    for await (const bytes of response.body ?? []) {
      text += decoder.decode(bytes, { stream: true });
      for (let end = text.indexOf("\n\n"); stream && end >= 0; end = text.indexOf("\n\n")) {
        const data = text.slice(0, end).split(/\r?\n/).filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trimStart());
        if (data.join("") !== "") wire.note_message(data.join("\n"));
        text = text.slice(end + 2);
      }
    }
    if (!stream && text !== "") wire.note_message(text);
  };
  const fetch_and_keep = async (url, init) => {
    const is_post = init?.method === "POST";
    if (is_post) wire.note_request(JSON.parse(init.body));
    const response = await fetch(url, init);
    // A stream that its reader gives up ends here in an error, which is no news.
    if (is_post) read(response.clone()).catch(() => {});
    return response;
  };
  return { wire, fetch: fetch_and_keep };
}
