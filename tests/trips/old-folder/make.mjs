// node make.mjs CHECKOUT: makes the data folder that old-folder.test.ts starts on. CHECKOUT is a
// built checkout of the commit whose code writes it; the folder is kept beside this file as
// <commit>.json.br, with what was sent and what arrived.
//
// It holds events in every state that outlives a process: unread (`down`), parked (`stuck`), dead,
// with and without a verdict (`strict`), a replay of the log half done (`again`), and a destination
// that has everything (`steady`). The process is killed.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { brotliCompressSync } from "node:zlib";

const [checkout] = process.argv.slice(2);
if (checkout === undefined) throw new Error("node make.mjs CHECKOUT");
const pintle = join(checkout, "packages", "server", "bin", "pintle.js");
const commit = execFileSync("git", ["-C", checkout, "rev-parse", "--short=7", "HEAD"]).toString().trim();

const users = 8;
const requests = 40;
const perRequest = 6;

/** By destination, the ids of the events that it has, in their order. */
const arrived = { steady: [], stuck: [], strict: [], down: [], again: [] };
const accepted = [];

/** What each destination answers to an event. */
const answers = {
  steady: () => 200,
  stuck: ({ userId }) => (userId === "user-3" || userId === "user-5" ? 500 : 200),
  strict: ({ properties }) => (properties.n % 7 === 0 ? 400 : 200),
  down: () => 503,
  again: () => 200,
};

const receiver = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const event = JSON.parse(Buffer.concat(chunks));
  const name = request.url.slice(1);
  const status = answers[name](event);
  if (status === 200) arrived[name].push(event.messageId);
  response.writeHead(status).end();
});
receiver.listen(0, "127.0.0.1");
await once(receiver, "listening");

const folder = mkdtempSync(join(tmpdir(), "old-folder-"));
const data = join(folder, "data");
const names = Object.keys(answers);
const url = (name) => `http://127.0.0.1:${receiver.address().port}/${name}`;
writeFileSync(
  join(folder, "pintle.config.json"),
  JSON.stringify({
    sources: [{ name: "shop", writeKey: "wk", destinations: names }],
    destinations: Object.fromEntries(names.map((name) => [name, { type: "webhook", url: url(name) }])),
  }),
);

const plane = spawn(process.execPath, [pintle, "start", "--port", "0", "--admin-port", "0", "--data", data], {
  cwd: folder,
  stdio: ["ignore", "pipe", "inherit"],
});
let output = "";
while (!/^ready$/m.test(output)) output += (await once(plane.stdout, "data"))[0];
const [address] = /http:\/\/127\.0\.0\.1:\d+/.exec(output);

function ask(...words) {
  return execFileSync(process.execPath, [pintle, ...words, "--data", data]).toString();
}

async function until(what, isSo) {
  for (let rounds = 0; !(await isSo()); rounds++) {
    if (rounds > 300) throw new Error(`${what}: not within 60 s\n${ask("status", "--json")}`);
    await delay(200);
  }
}

function statusOf(name) {
  return JSON.parse(ask("status", "--json")).destinations.find((destination) => destination.name === name);
}

async function send(first, count) {
  for (let request = first; request < first + count; request++) {
    const batch = Array.from({ length: perRequest }, (_, index) => {
      const n = request * perRequest + index;
      return {
        type: "track",
        messageId: `m-${n}`,
        userId: `user-${n % users}`,
        event: "Größe geändert",
        properties: { n },
      };
    });
    const headers = { authorization: `Basic ${btoa("wk:")}` };
    const answer = await fetch(`${address}/v1/batch`, { method: "POST", headers, body: JSON.stringify({ batch }) });
    if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
    accepted.push(...batch.map(({ messageId }) => messageId));
  }
}

await send(0, requests / 2);
await until("two lanes are parked", () => statusOf("stuck").lanesParked === 2);
// These go to the retry topic behind the others, while their lanes are parked.
await send(requests / 2, requests / 2);
await until("steady has all", () => arrived.steady.length === accepted.length);
await until("again has all", () => arrived.again.length === accepted.length);
await until("strict has ended", () => statusOf("strict").waiting === 0);
ask("dead", "purge", "--destination", "strict", "--id", "m-7");
answers.strict = () => 200;
ask("dead", "replay", "--destination", "strict", "--id", "m-14");
await until("the letter has arrived", () => arrived.strict.includes("m-14"));
const replay = ask("replay", "--destination", "again", "--from", "1h", "--rate", "40").split(":")[0];
await until("the replay is half done", () => arrived.again.length >= 1.5 * accepted.length);
plane.kill("SIGKILL");
await once(plane, "exit");
receiver.closeAllConnections();
receiver.close();

const files = {};
for (const entry of readdirSync(data, { recursive: true, withFileTypes: true })) {
  const path = relative(data, join(entry.parentPath, entry.name));
  // The lock is a socket; the token and the address are of a process that is gone.
  if (entry.isFile() && !path.startsWith("admin-")) files[path] = readFileSync(join(data, path)).toString("base64");
}
rmSync(folder, { recursive: true });
const dead = accepted.filter((_, n) => n % 7 === 0);
const kept = { accepted, arrived, dead, purged: ["m-7"], replayed: ["m-14"], replay, files };
const packed = brotliCompressSync(JSON.stringify(kept));
const file = join(import.meta.dirname, `${commit}.json.br`);
writeFileSync(file, packed);
console.log(`${relative(process.cwd(), file)}: ${packed.length} bytes, ${Object.keys(files).length} files`);
