// A program that uses the SDK at a steady rate, in a process of its own. Its events are numbered by
// their `messageId`, `soak-N`, and carry when they were tracked.
import { Pintle } from "../../packages/sdk/dist/index.js";

const [url, rate] = process.argv.slice(2);
const client = new Pintle("wk_soak", url);
let number = 0;
let refused = 0;
let begun;
let pacing;

function pace() {
  const due = Math.floor(((performance.now() - begun) / 1000) * Number(rate));
  for (; number < due; number++) {
    const { accepted } = client.track({
      userId: `u${number % 5000}`,
      event: "Ticked",
      messageId: `soak-${number}`,
      properties: { at: Date.now(), note: "of the usual length of such an event, more or less", tags: ["a", "b"] },
    });
    if (!accepted) refused++;
  }
}

process.on("message", async (message) => {
  if (message === "go") {
    begun = performance.now();
    pacing = setInterval(pace, 10);
  } else {
    clearInterval(pacing);
    await client.close({ timeout: 60_000 });
    const { accepted, delivered, dropped, pending } = client.stats();
    const given = Object.values(dropped).reduce((sum, count) => sum + count, 0);
    process.send({ sent: number, refused, accepted, delivered, dropped: given, pending });
    process.disconnect();
  }
});
process.send("ready");
