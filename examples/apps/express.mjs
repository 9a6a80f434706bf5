// An Express app. Its events carry what is known of the request: WRITE_KEY=... DATA_PLANE_URL=...
// node express.mjs
import { Pintle } from "@pintle/sdk";
import { pintleContext } from "@pintle/sdk/express";
import express from "express";
import { saveOrder } from "./orders.mjs";

const { WRITE_KEY = "", DATA_PLANE_URL = "", PORT = "3000" } = process.env;
const client = new Pintle(WRITE_KEY, DATA_PLANE_URL, { closeOnSignals: true });

const app = express();
app.use(pintleContext(client));
app.use(express.json());

app.post("/orders", async (request, response) => {
  const order = await saveOrder(request.body);
  client.track({ userId: order.userId, event: "Order Completed", properties: { orderId: order.orderId } });
  response.status(201).json(order);
});

const server = app.listen(Number(PORT), "127.0.0.1", () => {
  const address = server.address();
  if (typeof address === "object") console.log(`listening on port ${address?.port}`);
});
