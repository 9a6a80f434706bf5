// A route handler: its events carry what is known of the request, and are delivered after the
// response, also on serverless hosting.
import { withPintle } from "@pintle/sdk/next";
import { after, NextResponse } from "next/server";
import { saveOrder } from "../../../orders.mjs";
import { client } from "../../client.mjs";

export const POST = withPintle(
  client,
  /** @param {import("next/server").NextRequest} request */
  async (request) => {
    const order = await saveOrder(await request.json());
    client.track({ userId: order.userId, event: "Order Completed", properties: { orderId: order.orderId } });
    return NextResponse.json(order, { status: 201 });
  },
  { flush: (flushed) => after(() => flushed) },
);
