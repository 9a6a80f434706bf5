// The data plane of one program, in a process of its own: node server.mjs STATE, where STATE is
// well, failing (503) or hanging. Asked over IPC, it says which events have arrived and how many
// bytes they took. It looks for their numbers without parsing JSON, so that it is never what is
// waited for.
import { createServer } from "node:http";
import { gunzip } from "node:zlib";

const state = process.argv[2];
const mark = Buffer.from('"orderId":"o-');
const seen = new Set();
const sockets = new Set();
let bytes = 0;
let last = 0;

const server = createServer((request, response) => {
  // The SDK for Go asks whether there are several nodes.
  if (request.method === "GET") {
    response.writeHead(404).end();
    return;
  }
  const chunks = [];
  request.on("error", () => {});
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    if (state === "hanging") return;
    if (state === "failing") {
      response.writeHead(503).end();
      return;
    }
    const body = Buffer.concat(chunks);
    const take = (error, text) => {
      if (error) throw error;
      count(text);
      last = Date.now();
      response.writeHead(200, { "Content-Type": "application/json" }).end("{}");
    };
    if (body[0] === 0x1f && body[1] === 0x8b) gunzip(body, take);
    else take(null, body);
  });
});

function count(text) {
  for (let at = text.indexOf(mark); at !== -1; at = text.indexOf(mark, at)) {
    let n = 0;
    for (at += mark.length; text[at] >= 48 && text[at] <= 57; at++) n = n * 10 + text[at] - 48;
    seen.add(n);
  }
}

// All that comes over the wire, with the headers.
server.on("connection", (socket) => {
  sockets.add(socket);
  socket.on("close", () => {
    bytes += socket.bytesRead;
    sockets.delete(socket);
  });
});
process.on("message", () => {
  process.send({ delivered: seen.size, last, bytes: [...sockets].reduce((sum, each) => sum + each.bytesRead, bytes) });
});
process.on("disconnect", () => process.exit());
server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
