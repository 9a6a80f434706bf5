// The data plane of one program, in a process of its own: told over IPC to be well, or to fail in
// some way. Says what it has seen.
import { createServer } from "node:http";
import { gunzipSync } from "node:zlib";

/** How often each event was answered with 2xx, by its number. */
const answered = [];
const arrivedAt = [];
let mode = "well";
let recoveredAt;
let now = 0;
let most = 0;
let requests = 0;
let port = 0;
let server;

function listen() {
  return new Promise((resolve) => {
    server = createServer(serve);
    server.listen(port, "127.0.0.1", () => {
      port = server.address().port;
      resolve();
    });
  });
}

async function serve(request, response) {
  response.on("error", () => {});
  request.on("error", () => {});
  const chunks = [];
  try {
    for await (const chunk of request) chunks.push(chunk);
  } catch {
    return;
  }
  const isAfter = recoveredAt !== undefined;
  requests++;
  if (isAfter) most = Math.max(most, ++now);
  switch (mode) {
    case "503":
      response.writeHead(503).end();
      break;
    case "429":
      response.writeHead(429, { "Retry-After": "5" }).end();
      break;
    case "reset":
      request.socket.resetAndDestroy();
      break;
    case "hang":
      break;
    default:
      // As long as a data plane takes that makes a batch durable.
      setTimeout(() => {
        if (isAfter) now--;
        if (response.destroyed) return;
        for (const n of numbersIn(request, Buffer.concat(chunks))) {
          answered[n] = (answered[n] ?? 0) + 1;
          arrivedAt[n] ??= performance.now();
        }
        response.writeHead(200, { "Content-Type": "application/json" }).end("{}");
      }, 20);
  }
}

function numbersIn(request, body) {
  const isZipped =
    request.headers["content-encoding"] === "gzip" || /compression=gzip/.test(request.url) || body[0] === 0x1f;
  try {
    const { batch = [] } = JSON.parse(isZipped ? gunzipSync(body) : body);
    return batch.map(({ properties }) => properties?.n).filter((n) => typeof n === "number");
  } catch {
    return [];
  }
}

process.on("message", async ({ be, sent, report }) => {
  if (be !== undefined) {
    if (mode === "refused" && be !== "refused") await listen();
    if (be === "refused") {
      server.close();
      server.closeAllConnections();
    }
    mode = be;
    if (be === "well" && sent !== undefined) recoveredAt = { time: performance.now(), sent };
    process.send({ is: be });
  }
  if (report) {
    const backlog = arrivedAt.slice(0, recoveredAt?.sent);
    process.send({
      distinct: answered.filter((times) => times > 0).length,
      twice: answered.filter((times) => times > 1).length,
      most,
      requests,
      // When the last of what was queued at the recovery arrived.
      seconds:
        (backlog.reduce((last, at) => Math.max(last, at), recoveredAt?.time ?? 0) - (recoveredAt?.time ?? 0)) / 1_000,
    });
  }
});
process.on("disconnect", () => process.exit());
await listen();
process.send({ port });
