// The server behind both webhooks, in a process of its own. `/well` takes everything; `/sick` fails
// now and then, by a seed: answers 500, hangs, closes the connection before or after it has taken
// what came, and has bad spells in which it takes nothing.
import { createServer } from "node:http";

const seed = Number(process.argv[2]);
const random = mulberry32(seed);
/** How often each number has arrived, by path; 128 more where no answer was given for it once. */
const taken = { well: new Uint8Array(1 << 20), sick: new Uint8Array(1 << 20) };
let delays = [];
let isOver = false;
let badUntil = 0;
const faults = { 500: 0, hung: 0, "cut before": 0, "cut after": 0, "bad spells": 0 };

function mulberry32(state) {
  let a = state;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function take(path, events, isCut) {
  const now = Date.now();
  for (const { messageId, properties } of events) {
    const number = Number(messageId.slice("soak-".length));
    if (number >= taken[path].length) {
      const larger = new Uint8Array(Math.max(taken[path].length * 2, number + 1));
      larger.set(taken[path]);
      taken[path] = larger;
    }
    const before = taken[path][number];
    taken[path][number] = (before & 128) | Math.min((before & 127) + 1, 127) | (isCut ? 128 : 0);
    if (path === "well") delays.push(now - properties.at);
  }
}

/** What becomes of a request to `/sick`. */
function fate() {
  if (isOver) return "taken";
  if (performance.now() < badUntil) return "500";
  const drawn = random();
  if (drawn < 0.002) {
    badUntil = performance.now() + 3000;
    faults["bad spells"]++;
    return "500";
  }
  if (drawn < 0.03) return "500";
  if (drawn < 0.035) return "hung";
  if (drawn < 0.045) return "cut before";
  return drawn < 0.055 ? "cut after" : "taken";
}

const server = createServer((request, response) => {
  const chunks = [];
  request.on("error", () => {});
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const path = request.url.slice(1);
    const becomes = path === "sick" ? fate() : "taken";
    if (becomes !== "taken") faults[becomes]++;
    if (becomes === "taken" || becomes === "cut after") {
      take(path, [JSON.parse(Buffer.concat(chunks).toString())].flat(), becomes === "cut after");
    }
    if (becomes === "taken") response.writeHead(200).end();
    if (becomes === "500") response.writeHead(500).end();
    if (becomes.startsWith("cut")) request.socket.destroy();
  });
});
server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));

process.on("message", ({ ask, sent }) => {
  if (ask === "delays") {
    process.send({ delays });
    delays = [];
  } else if (ask === "be well") {
    isOver = true;
    process.send({});
  } else {
    process.send({ counts: { well: counted("well", sent), sick: counted("sick", sent) }, faults });
    server.close();
    server.closeAllConnections();
    process.disconnect();
  }
});

/** Of the events up to `sent`: how many never came, and how many came again without a reason. */
function counted(path, sent) {
  const counts = { lost: 0, repeated: 0, again: 0 };
  for (let number = 0; number < sent; number++) {
    const value = taken[path][number] ?? 0;
    if ((value & 127) === 0) counts.lost++;
    else if ((value & 127) > 1) counts[value & 128 ? "again" : "repeated"]++;
  }
  return counts;
}
