// A handler in the style of AWS Lambda. The runtime freezes the program as soon as it has the
// result, so events are delivered before.
import { Pintle } from "@pintle/sdk";

const { WRITE_KEY = "", DATA_PLANE_URL = "" } = process.env;

// Outside the handler: the connection lasts from one invocation to the next.
const client = new Pintle(WRITE_KEY, DATA_PLANE_URL, { timeout: "2s" });

/**
 * @param {{ body: string, headers: Record<string, string>, requestContext: { http: { sourceIp:
 * string, userAgent: string } } }} event
 */
export async function handler(event) {
  const { sourceIp: ip, userAgent } = event.requestContext.http;
  const { userId, orderId } = JSON.parse(event.body);
  client.withContext({ ip, userAgent }, () => {
    client.track({ userId, event: "Order Completed", properties: { orderId } });
  });
  const { pending } = await client.flush({ timeout: "3s" });
  // What is pending goes out with the next invocation, if there is one.
  if (pending > 0) console.error(`${pending} events are not delivered yet`);
  return { statusCode: 201, body: JSON.stringify({ orderId }) };
}
