// Queues events and runs until a signal comes, or ends by itself: RUNTIME terminated.mjs
// DATA_PLANE_URL [ends]
import process from "node:process";
import { Pintle } from "@pintle/sdk";

const [url, mode] = process.argv.slice(2);
const client = new Pintle("key", url, { interval: "1h" });
for (let i = 0; i < 20; i++) client.track({ userId: i, event: "Waiting" });
if (mode !== "ends") setInterval(() => {}, 60_000);
console.log("queued");
