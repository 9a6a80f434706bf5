// A command-line tool that ends at once: node command-line.mjs USER_ID COMMAND
import { Pintle } from "@pintle/sdk";

const { WRITE_KEY = "", DATA_PLANE_URL = "" } = process.env;
const [userId = "somebody", command = "help"] = process.argv.slice(2);

// Nobody waits longer than this for a tool to end.
const client = new Pintle(WRITE_KEY, DATA_PLANE_URL, { exitTimeout: "1s" });
client.track({ userId, event: "Command Run", properties: { command } });
console.log(`${command}: done`);
// No close() and no process.exit(): the program ends by itself, and what is queued is delivered
// first.
