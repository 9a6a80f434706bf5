const { Pintle } = require("@pintle/sdk");
const Analytics = require("@pintle/sdk/rudder-sdk-node");

exports.sendRequired = async (url) => {
  const client = new Pintle("key", url);
  client.track({ userId: "1", event: "Required" });
  await client.close();
  return { shim: typeof Analytics };
};
