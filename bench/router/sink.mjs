// A server for webhooks, in a process of its own. It counts what arrives on each path, and when: by
// `messageId`, milliseconds since the epoch. "/hang" never answers, "/slow" takes one request a
// second, "/batch" takes lists of events in gzip. Asked over IPC, it tells and begins anew.
import { createServer } from "node:http";
import { gunzipSync } from "node:zlib";

const paths = new Map();
let count = 0;
let expected = 0;
let firstAt = 0;

const key = Buffer.from('"messageId":"m');

/** The number in the `messageId`: parsing the body would be the dearest thing that happens here. */
function numberOf(body) {
  const from = body.indexOf(key) + key.length;
  return Number(body.toString("latin1", from, body.indexOf(34, from)));
}

/** How many events a list has. */
function eventsIn(body) {
  let events = 0;
  for (let at = body.indexOf(key); at !== -1; at = body.indexOf(key, at + key.length)) events++;
  return events;
}

const server = createServer((request, response) => {
  const { url } = request;
  if (url === "/hang") return void request.resume();
  if (url === "/slow") return void setTimeout(() => response.end(), 1000).unref();
  let body;
  request.on("data", (chunk) => {
    body = body === undefined ? chunk : Buffer.concat([body, chunk]);
  });
  request.on("end", () => {
    response.end();
    const now = performance.timeOrigin + performance.now();
    if (!paths.has(url)) paths.set(url, []);
    if (count === 0) firstAt = performance.now();
    if (expected === 0) paths.get(url).push([numberOf(body), now]);
    const before = count;
    count += url === "/batch" ? eventsIn(gunzipSync(body)) : 1;
    // A repeated delivery does not count as a second message.
    if (before < expected && count >= expected) process.send({ count, seconds: (performance.now() - firstAt) / 1000 });
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));

process.on("message", (message) => {
  expected = message.expect ?? 0;
  if (message.expect === undefined) process.send({ paths: [...paths] });
  paths.clear();
  count = 0;
});
process.on("disconnect", () => process.exit());
