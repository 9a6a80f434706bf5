// A server as programs for Segment's SDK are written, which loses nothing when it is ended: `node
// segment-express.mjs LIBRARY HOST`. LIBRARY is the one import that changes.
import { createRequire } from "node:module";

const [library, host] = process.argv.slice(2);
const { Analytics } = library.startsWith("@pintle/") ? await import(library) : createRequire(import.meta.url)(library);
const express = createRequire(new URL("../../examples/apps/package.json", import.meta.url))("express");

const analytics = new Analytics({ writeKey: "key", host, flushAt: 100, flushInterval: 60_000 });
const app = express();
app.use(express.json());

app.post("/login", (request, response) => {
  analytics.identify({ userId: request.body.userId, traits: { email: request.body.email } });
  response.sendStatus(200);
});
app.post("/cart", (request, response) => {
  analytics.track({ userId: request.body.userId, event: "Add to cart", properties: { productId: "123456" } });
  response.sendStatus(201);
});

const server = app.listen(0, "127.0.0.1", () => console.log(`port ${server.address().port}`));

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    await analytics.closeAndFlush();
    console.log("delivered");
    server.close(() => process.exit());
    server.closeAllConnections();
  });
}
