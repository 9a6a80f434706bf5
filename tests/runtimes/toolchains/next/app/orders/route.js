// Both formats of the packed SDK in one server: `POST {"url": "..."}` sends through each.
import { ConfigError, Pintle } from "@pintle/sdk";
import Analytics from "@pintle/sdk/rudder-sdk-node";
import { sendRequired } from "../../required.cjs";

export async function POST(request) {
  const { url } = await request.json();
  const client = new Pintle("key", url);
  client.track({ userId: "1", event: "Plain" });
  await client.close();

  const analytics = new Analytics("key", { dataPlaneUrl: url });
  analytics.track({ userId: "1", event: "Shim" });
  await analytics.flush();

  return Response.json({ ...(await sendRequired(url)), refused: isRefused(url) });
}

function isRefused(url) {
  try {
    new Pintle("key", url, { batchSize: 0 });
    return false;
  } catch (error) {
    return error instanceof ConfigError;
  }
}
