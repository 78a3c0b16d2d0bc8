// The daemon as an ordinary user: user namespaces instead of foreign uids, the same samples, the same promises.
import test from "node:test";
import assert from "node:assert/strict";
import fs from "node:fs";
import { spawnSync } from "node:child_process";
import { Daemon, all_gone, binary, connectors, descendants, eventually, samples, text_of } from "./harness.mjs";
import { LegacySession } from "./wire.mjs";

const nobody = 65534;
const user = process.getuid() === 0 ? nobody : undefined;
const can_run = user === undefined || spawnSync("/usr/bin/test", ["-x", binary], { uid: user, gid: user }).status === 0;
const skip = can_run ? false : `uid ${nobody} cannot reach ${binary}: a folder above it is closed to others`;

test("every sample runs under a daemon of an ordinary user", { skip }, async () => {
  const daemon = await Daemon.start({ connectors: samples(), secrets: { "notes-key": "k" }, user });
  try {
    const session = await LegacySession.open(daemon.url, daemon.token);
    for (const [name, args, expected] of [
      ["echo_echo", { text: "hello" }, /hello/],
      ["notes_add", { text: "kept" }, /kept/],
      ["everything_echo", { message: "hi" }, /hi/],
      ["filesystem_write_file", { path: "/data/files/a.txt", content: "x" }, /a\.txt/],
      ["memory_create_entities", { entities: [{ name: "G", entityType: "gate", observations: ["open"] }] }, /open/],
    ]) {
      const { message } = await session.call(name, args);
      assert.match(text_of(message.result ?? {}), expected, `${name}: ${JSON.stringify(message)}`);
      assert.ok(!message.result.isError, name);
    }
    for (const { pid } of descendants(daemon.pid)) {
      const uids = /^Uid:\s+(\d+)\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"));
      assert.notEqual(uids[2], "0", `process ${pid} runs as root`);
    }
    assert.match(await daemon.ok(["status"]), /mode/);
  } finally {
    await daemon.stop();
  }
});

test("kill -9 of an ordinary user's daemon leaves no process", { skip }, async () => {
  const daemon = await Daemon.start({ connectors: [connectors.echo({ instances: { min: 1 } }), connectors.everything()], user });
  const session = await LegacySession.open(daemon.url, daemon.token);
  await session.call("everything_echo", { message: "up" });
  const children = descendants(daemon.pid);
  await eventually("both run", () => children.length >= 2);
  daemon.process.kill("SIGKILL");
  await daemon.exited;
  await all_gone(children, 5_000);
});
