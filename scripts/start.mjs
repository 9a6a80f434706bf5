// npm start: installs, builds, and runs a data plane with the example shop beside it, whose events
// land in a file, and with DATABASE_URL set in tables of that PostgreSQL database, too. Shows how
// it goes until Ctrl-C. `npm start -- --help` lists its flags.
//
// npm calls it by a shell, which most shells replace by this process. Where one stays in between,
// it may end by a signal that only it got: so this ends when its parent does.
import { once } from "node:events";
import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { get } from "node:http";
import { createServer } from "node:net";
import { join, relative } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Board } from "./lib/board.mjs";
import { Child } from "./lib/child.mjs";
import { prepare, root } from "./lib/prepare.mjs";
import { startFlags } from "./lib/start-flags.mjs";

const startedAt = performance.now();
const shopFolder = join(root, "examples", "shop");
const configFile = join(shopFolder, "pintle.config.ts");
const dataFolder = join(shopFolder, "pintle-data");
const eventsFile = join(dataFolder, "events.jsonl");
const writeKey = "wk_example_shop";
const inTables = [
  "  and in tables   of the schema shop, in the database of DATABASE_URL:",
  '                  psql "$DATABASE_URL" -c "SELECT event, count(*) FROM shop.tracks GROUP BY 1 ORDER BY 2 DESC"',
];

const stop = new AbortController();
const stopped = once(stop.signal, "abort").then(() => "stopped");
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => stop.abort());
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) stop.abort();
}, 500).unref();

const flags = startFlags(process.argv.slice(2), process.env);
if (flags.help !== undefined) {
  console.log(flags.help);
  process.exit(0);
}
if (flags.problem !== undefined) {
  console.error(flags.problem);
  process.exit(1);
}
prepare();
process.exitCode = await main();

async function main() {
  // A port that was asked for is taken or refused, by the data plane itself; 0 is any.
  const port = flags.port || (await freePort(flags.port ?? 8080, flags.adminPort));
  const adminPort = flags.adminPort || (await freePort(flags.adminPort ?? 8081, port));
  const url = `http://127.0.0.1:${port}`;
  const board = new Board();

  const plane = new Child([
    join(root, "packages", "server", "bin", "pintle.js"),
    ...["start", "--config", configFile, "--data", dataFolder, "--port", port, "--admin-port", adminPort].map(String),
  ]);
  plane.onComplaint = (line) => board.say(line);
  let shop;
  try {
    const outcome = await Promise.race([plane.says("ready"), plane.exited, stopped]);
    if (outcome === "exited") return 1;
    if (outcome === "stopped") return 0;

    shop = new Child([join(shopFolder, "dist", "index.js")], { PINTLE_WRITE_KEY: writeKey, PINTLE_URL: url });
    shop.onComplaint = (line) => board.say(line);
    let sent = { accepted: 0, pending: 0 };
    shop.onMessage = (stats) => {
      sent = stats;
    };
    board.say(await introduction(url));

    const status = statusReader(adminPort);
    let first;
    async function draw() {
      const told = await status();
      const { destinations } = told;
      if (first === undefined && destinations.some(({ delivered }) => delivered > 0))
        first = (performance.now() - startedAt) / 1000;
      board.show(...view({ sent, plane: told, first, ending: stop.signal.aborted }), stop.signal.aborted);
    }
    while (!stop.signal.aborted && plane.exit === undefined && shop.exit === undefined) {
      await draw();
      await pause(250, undefined, { signal: stop.signal }).catch(() => {});
    }
    if (stop.signal.aborted) {
      // Events that the shop still holds are sent, and get a moment to be delivered.
      await shop.end();
      const deadline = performance.now() + 2000;
      const isWaiting = ({ destinations }) => destinations.some(({ waiting }) => waiting > 0);
      while (isWaiting(await status()) && performance.now() < deadline) await pause(50);
      await draw();
      return 0;
    }
    board.say(plane.exit === undefined ? `the shop ended: ${shop.exit}` : `the data plane ended: ${plane.exit}`);
    return 1;
  } finally {
    // In this order, so that what the shop still holds finds an open door.
    await shop?.end();
    await plane.end();
  }
}

async function introduction(url) {
  const { tryIt } = await import("../packages/server/dist/cli/try-it.js");
  return [
    "",
    "A data plane runs, and beside it a shop whose visitors' events go through the SDK.",
    "",
    `  configuration   ${relative(process.cwd(), configFile)}`,
    `  the shop        ${relative(process.cwd(), join(shopFolder, "src"))}`,
    `  events land in  ${relative(process.cwd(), eventsFile)}`,
    ...(process.env.DATABASE_URL ? inTables : []),
    "",
    tryIt({ url, writeKey }),
    "",
  ].join("\n");
}

/** The text that the terminal shows, and the same in one line. */
function view({ sent, plane, first, ending }) {
  const count = (value) => value.toLocaleString("en").padStart(9);
  const sum = (counts) => Object.values(counts).reduce((total, value) => total + value, 0);
  const lines = [
    `  shop        ${count(sent.accepted)} tracked    ${count(sent.pending)} to be sent`,
    `  data plane  ${count(plane.accepted)} accepted   ${count(sum(plane.refused))} refused`,
    ...plane.destinations.map(
      ({ name, delivered, waiting, dead, state }) =>
        `  ${name.padEnd(10)}  ${count(delivered)} delivered  ${count(waiting)} waiting  ${count(sum(dead))} dead${state === "closed" ? "" : "  (in trouble)"}`,
    ),
    `  the latest  ${latestEvent()}`,
    "",
    `${first === undefined ? "" : `The first event was delivered ${first.toFixed(1)} s after the command. `}${ending ? "Ended." : "Ctrl-C ends it."}`,
  ];
  const ends = plane.destinations.map(
    ({ name, delivered, waiting }) => `${name}: delivered ${delivered}, waiting ${waiting}`,
  );
  const summary = [`tracked ${sent.accepted}, accepted ${plane.accepted}`, ...ends].join("; ");
  return [lines, summary];
}

/** The last event of the file, in a few words: proof that it is there. */
function latestEvent() {
  try {
    const file = openSync(eventsFile, "r");
    try {
      const { size } = fstatSync(file);
      const tail = Buffer.alloc(Math.min(size, 65_536));
      readSync(file, tail, 0, tail.length, size - tail.length);
      // The text after the last line feed is still being written.
      const line = tail.toString("utf8").split("\n").at(-2);
      if (!line) return "";
      const { type, event, name, userId, anonymousId } = JSON.parse(line);
      return `${event ?? [type, name].filter(Boolean).join(" ")}, ${userId ?? anonymousId}`;
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (error.code === "ENOENT") return "";
    throw error;
  }
}

/** Reads the status from the admin port; while no answer comes, the last one. */
function statusReader(port) {
  const token = readFileSync(join(dataFolder, "admin-token"), "utf8").trim();
  let last = { accepted: 0, refused: {}, destinations: [] };
  return async () => {
    try {
      const [response] = await once(
        get({
          host: "127.0.0.1",
          port,
          path: "/status",
          headers: { authorization: `Bearer ${token}` },
          agent: false,
          signal: AbortSignal.timeout(5000),
        }),
        "response",
      );
      let text = "";
      for await (const chunk of response) text += chunk;
      if (response.statusCode === 200) last = JSON.parse(text);
    } catch {
      // It is stopping, or busy: the next look will tell.
    }
    return last;
  };
}

/**
 * The first port from `from` on that nobody listens on, and that is not `taken`; from 0, whichever
 * the system gives.
 */
async function freePort(from, taken) {
  for (let port = from; port < from + 100; port++) {
    if (port === taken) continue;
    const server = createServer();
    const free = await new Promise((resolve) => {
      server.once("error", () => resolve(undefined));
      server.listen(from === 0 ? 0 : port, "127.0.0.1", () => resolve(server.address().port));
    });
    if (free === undefined) continue;
    await new Promise((resolve) => server.close(resolve));
    if (free !== taken) return free;
  }
  console.error(`no free port from ${from} to ${from + 99}`);
  process.exit(1);
}
