// The folders that a data plane is started in: an empty one, one with a log behind it, and one
// whose configuration has a transformation.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

const source = '{ name: "shop", writeKey: "wk_bench", destinations: ["file", "hook"] }';

export function writeConfig(folder, url, transform = "") {
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, "pintle.config.ts"),
    `import { defineConfig } from "pintle";
export default defineConfig({
  sources: [${source}],
  destinations: {
    file: { type: "file", path: "events.jsonl"${transform} },
    hook: { type: "webhook", url: "${url}", only: { events: ["Refused", "Failed"] } },
  },
});
`,
  );
}

/** The same as JSON, which needs no program to be read. */
export function writeJson(folder, url) {
  mkdirSync(folder, { recursive: true });
  const config = {
    sources: [{ name: "shop", writeKey: "wk_bench", destinations: ["file", "hook"] }],
    destinations: { file: { type: "file", path: "events.jsonl" }, hook: { type: "webhook", url } },
  };
  writeFileSync(join(folder, "pintle.config.json"), JSON.stringify(config));
}

/** Starts a data plane; resolves when it is ready, with its address and what ends it. */
export async function startPlane(program, folder) {
  const begun = performance.now();
  const child = spawn(
    process.execPath,
    [program, "start", "--port", "0", "--admin-port", "0", "--log-level", "debug"],
    { cwd: folder, stdio: ["ignore", "pipe", "pipe"] },
  );
  let said = "";
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    complaints += text;
  });
  const exited = once(child, "exit");
  const ready = new Promise((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (text) => {
      said += text;
      if (/^ready$/m.test(said)) resolve(performance.now() - begun);
    });
    void exited.then(() => reject(new Error(`the data plane has ended: ${complaints}`)));
  });
  const milliseconds = await ready;
  return {
    milliseconds,
    url: /events {2}(\S+)/.exec(said)[1],
    adminUrl: /admin {3}(\S+)/.exec(said)[1],
    /** Ends it; gives the milliseconds of each phase of its start. */
    async end() {
      while (!complaints.includes("phases of the start")) await new Promise((resolve) => setTimeout(resolve, 5));
      child.kill("SIGTERM");
      await exited;
      const line = complaints.split("\n").find((each) => each.includes("phases of the start"));
      const { level: _level, time: _time, msg: _msg, ...phases } = JSON.parse(line);
      return phases;
    },
  };
}

/**
 * Fills the log of a folder with so many bytes, and leaves dead letters and users whose events are
 * parked: the webhook refuses some events and fails for others.
 */
export async function fill(program, folder, bytes) {
  const server = createServer((request, response) => {
    let body = "";
    request
      .setEncoding("utf8")
      .on("data", (text) => {
        body += text;
      })
      .on("end", () => response.writeHead(body.includes('"Refused"') ? 400 : 503).end());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  writeConfig(folder, `http://127.0.0.1:${server.address().port}`);
  const plane = await startPlane(program, folder);
  const headers = { authorization: `Basic ${btoa("wk_bench:")}`, "content-type": "application/json" };
  const post = async (events) => {
    const response = await fetch(`${plane.url}/v1/batch`, {
      method: "POST",
      headers,
      body: JSON.stringify({ batch: events }),
    });
    await response.text();
    if (response.status !== 200) throw new Error(`the data plane answered ${response.status}`);
  };
  const event = (number, name) => ({
    type: "track",
    event: name,
    userId: `u${number % 1000}`,
    messageId: `m${name}${number}`,
    properties: { number, note: "x".repeat(300) },
  });
  const batch = (first, name) => Array.from({ length: 100 }, (_, k) => event(first + k, name));
  await post(batch(0, "Refused"));
  await post(batch(0, "Failed"));
  const perBatch = JSON.stringify(batch(0, "Ordered")).length;
  for (let sent = 0, number = 0; sent < bytes; ) {
    const together = Math.min(8, Math.ceil((bytes - sent) / perBatch));
    await Promise.all(Array.from({ length: together }, (_, k) => post(batch(number + k * 100, "Ordered"))));
    number += together * 100;
    sent += together * perBatch;
  }
  await plane.end();
  server.close();
  server.closeAllConnections();
}
