// A loopback proxy that adds `Authorization: Bearer <token>` to every request and otherwise passes all bytes as they come, in
// both directions: the conformance suite has no option for a header. It works on the bytes, so that Host, Origin, the case
// of names, white space around values and the timing of streams reach the daemon as the suite made them.
import net from "node:net";

const blank_line = Buffer.from("\r\n\r\n");

// Cuts the bytes of one connection into requests and puts the header line after each request line.
class Injector {
  constructor(token) {
    this.line = Buffer.from(`Authorization: Bearer ${token}\r\n`);
    this.head = Buffer.alloc(0);
    this.body = 0; // bytes of the present body that are still to come
  }

  // The bytes to send on for these; throws for what the suite never sends.
  take(bytes) {
    const out = [];
    while (bytes.length > 0) {
      if (this.body > 0) {
        const part = bytes.subarray(0, this.body);
        out.push(part);
        this.body -= part.length;
        bytes = bytes.subarray(part.length);
        continue;
      }
      this.head = Buffer.concat([this.head, bytes]);
      const end = this.head.indexOf(blank_line);
      if (end < 0) break;
      bytes = this.head.subarray(end + blank_line.length);
      out.push(...this.#with_token(this.head.subarray(0, end + blank_line.length)));
      this.head = Buffer.alloc(0);
    }
    return Buffer.concat(out);
  }

  #with_token(head) {
    const text = head.toString("latin1");
    if (/^transfer-encoding:/im.test(text)) throw new Error("the proxy knows no chunked requests");
    this.body = Number(/^content-length:\s*(\d+)/im.exec(text)?.[1] ?? 0);
    const first = head.indexOf("\r\n") + 2;
    return [head.subarray(0, first), this.line, head.subarray(first)];
  }
}

// Listens on a free port of 127.0.0.1; `url` is the target's with that port.
export async function start_token_proxy(target, token) {
  const { hostname, port } = new URL(target);
  const open = new Set();
  const server = net.createServer((client) => {
    const upstream = net.connect(Number(port), hostname);
    const injector = new Injector(token);
    for (const [socket, other] of [[client, upstream], [upstream, client]]) {
      open.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => other.destroy());
      socket.on("close", () => { open.delete(socket); other.destroySoon(); });
    }
    client.on("data", (bytes) => {
      try { upstream.write(injector.take(bytes)); } catch { client.destroy(); }
    });
    upstream.pipe(client);
  });
  await new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const url = new URL(target);
  url.port = String(server.address().port);
  return {
    url: url.href,
    close: () => { for (const socket of open) socket.destroy(); return new Promise((resolve) => server.close(resolve)); },
  };
}
