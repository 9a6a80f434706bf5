// node sink.mjs HOST PORT: a server for webhooks, in a process of its own. It keeps when each
// message arrived first, milliseconds since the epoch, and how often. Over IPC it tells how many
// there are ("count"), or all of them ("take", which begins anew).
import { createServer } from "node:http";

const [host, port] = [process.argv[2], Number(process.argv[3])];
/** By message id: [when it came first, how often]. */
let messages = new Map();
const id = /"messageId"\s*:\s*"([^"]+)"/g;

const server = createServer((request, response) => {
  let text = "";
  request.setEncoding("utf8");
  request.on("data", (part) => {
    text += part;
  });
  request.on("end", () => {
    response.end();
    const now = performance.timeOrigin + performance.now();
    for (const [, messageId] of text.matchAll(id)) {
      const known = messages.get(messageId);
      if (known === undefined) messages.set(messageId, [now, 1]);
      else known[1]++;
    }
  });
});
server.keepAliveTimeout = 60_000;
server.once("error", (error) => {
  console.error(`the sink cannot listen on ${host}, port ${port}: ${error.message}`);
  process.exit(1);
});
server.listen({ host, port }, () => process.send({ port: server.address().port }));

process.on("message", (command) => {
  if (command === "count") process.send({ count: messages.size });
  else {
    process.send({ messages: [...messages] });
    messages = new Map();
  }
});
process.on("disconnect", () => process.exit());
