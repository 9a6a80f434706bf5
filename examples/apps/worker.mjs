// A worker in the style of Cloudflare Workers and Vercel Edge Functions: the answer does not wait
// for the events.
import { Pintle } from "@pintle/sdk";

export default {
  /**
   * @param {Request} request
   * @param {{ WRITE_KEY: string, DATA_PLANE_URL: string }} env
   * @param {{ waitUntil(promise: Promise<unknown>): void }} ctx
   */
  async fetch(request, env, ctx) {
    // One client for each request: on Workers a request may not use the connections and timers of
    // another.
    const client = new Pintle(env.WRITE_KEY, env.DATA_PLANE_URL);
    /** @type {{ userId: string, orderId: string }} */
    const { userId, orderId } = await request.json();
    client.track({
      userId,
      event: "Order Completed",
      properties: { orderId },
      context: { userAgent: request.headers.get("user-agent") ?? undefined },
    });
    ctx.waitUntil(client.close());
    return Response.json({ orderId }, { status: 201 });
  },
};
