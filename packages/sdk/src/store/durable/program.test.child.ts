/**
 * Programs in durable mode that process.test.ts runs, each in a process of its own: `node
 * program.test.child.js NAME DIRECTORY URL`.
 */
import { Pintle } from "../../index.ts";

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const [name = "", directory = "", url = ""] = process.argv.slice(2);
const client = new Pintle("key", url, { durable: { directory }, logger: quiet, exitTimeout: 300, interval: 20 });
client.on("error", ({ code }) => {
  if (code.startsWith("PINTLE_DURABLE")) say({ error: code });
});

function say(value: unknown): void {
  console.log(JSON.stringify(value));
}

const programs: Readonly<Record<string, () => void | Promise<void>>> = {
  /** Makes events, and comes to its end. */
  ends() {
    say({ ids: Array.from({ length: 100 }, (_, n) => client.track({ userId: n % 5, event: "e" }).messageId) });
    process.once("exit", () => {
      const { accepted, delivered, pending } = client.stats();
      say({ accepted, delivered, pending });
    });
  },

  /** Waits at its top level for what only the client's own work can bring about. */
  async waits() {
    say({ stored: await client.track({ userId: "u", event: "e" }).stored() });
  },

  /** Ends at once after an event that is stored. */
  async exits() {
    const stored = client.track({ userId: "u", event: "stored" });
    await stored.stored();
    client.on("dropped", ({ message, reason }) => say({ event: message.event, reason }));
    client.track({ userId: "u", event: "not stored" });
    process.exit(3);
  },

  /** Delivers what is there. */
  async delivers() {
    await client.flush();
    say(client.stats().delivered);
  },
};

const program = programs[name];
if (program === undefined) throw new Error(`no program ${JSON.stringify(name)}`);
await program();
