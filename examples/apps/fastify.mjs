// A Fastify app. Its events carry what is known of the request: WRITE_KEY=... DATA_PLANE_URL=...
// node fastify.mjs
import { Pintle } from "@pintle/sdk";
import { pintleContext } from "@pintle/sdk/fastify";
import fastify from "fastify";
import { saveOrder } from "./orders.mjs";

const { WRITE_KEY = "", DATA_PLANE_URL = "", PORT = "3000" } = process.env;
const client = new Pintle(WRITE_KEY, DATA_PLANE_URL, { closeOnSignals: true });

const app = fastify();
await app.register(pintleContext(client));

app.post("/orders", async (request, reply) => {
  const order = await saveOrder(/** @type {{ userId: string, orderId: string }} */ (request.body));
  client.track({ userId: order.userId, event: "Order Completed", properties: { orderId: order.orderId } });
  return reply.code(201).send(order);
});

const address = await app.listen({ port: Number(PORT), host: "127.0.0.1" });
console.log(`listening on port ${new URL(address).port}`);
