// A Hono app, here on Node. Its events carry what is known of the request: WRITE_KEY=...
// DATA_PLANE_URL=... node hono.mjs
import { serve } from "@hono/node-server";
import { Pintle } from "@pintle/sdk";
import { pintleContext } from "@pintle/sdk/hono";
import { Hono } from "hono";
import { saveOrder } from "./orders.mjs";

const { WRITE_KEY = "", DATA_PLANE_URL = "", PORT = "3000" } = process.env;
const client = new Pintle(WRITE_KEY, DATA_PLANE_URL, { closeOnSignals: true });

const app = new Hono();
app.use(pintleContext(client));

app.post("/orders", async (c) => {
  const order = await saveOrder(await c.req.json());
  client.track({ userId: order.userId, event: "Order Completed", properties: { orderId: order.orderId } });
  return c.json(order, 201);
});

serve({ fetch: app.fetch, port: Number(PORT), hostname: "127.0.0.1" }, ({ port }) =>
  console.log(`listening on port ${port}`),
);
