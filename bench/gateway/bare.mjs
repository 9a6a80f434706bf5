// What the gateway is compared with: node:http that reads, gunzips and parses the same bodies, and
// stores nothing.
import { createServer } from "node:http";
import { gunzipSync } from "node:zlib";

const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const received = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
    const body = request.headers["content-encoding"] === "gzip" ? gunzipSync(received) : received;
    JSON.parse(body.toString("utf8"));
    response.writeHead(200, { "Content-Type": "text/plain; charset=utf-8", "Content-Length": 2 });
    response.end("ok");
  });
});
server.listen(0, "127.0.0.1", () => console.log(JSON.stringify({ port: server.address().port })));
