// Sends what it is told to by RudderStack's SDK for Node: node calls.mjs DATA_PLANE_URL WRITE_KEY
// COUNT. Each line of its input is a call as JSON. After every COUNT of them, and at the end, it
// waits until the data plane has said that it has them, and prints how many they are.
import { createInterface } from "node:readline";
import Analytics from "@rudderstack/rudder-sdk-node";

const [dataPlaneUrl, writeKey, count] = process.argv.slice(2);
const client = new Analytics(writeKey, { dataPlaneUrl, flushAt: Number(count) });

let answers = [];
async function answered() {
  await client.flush();
  await Promise.all(answers);
  console.log(answers.length);
  answers = [];
}

for await (const line of createInterface({ input: process.stdin })) {
  const { type, ...call } = JSON.parse(line);
  const message = { ...call, timestamp: new Date(call.timestamp) };
  answers.push(new Promise((resolve, reject) => client[type](message, (error) => (error ? reject(error) : resolve()))));
  if (answers.length === Number(count)) await answered();
}
await answered();
