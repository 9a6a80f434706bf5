// npm run bench -- retries [--runs N] [--backlog N]: on virtual time, the router's own code. How
// long events wait at most while a third of all requests is refused, over N seeded runs of 9,276
// events; and how soon a backlog begins to go out, and goes out at full rate, after its destination
// was down for five minutes.
import { parseArgs } from "node:util";
import { simulate } from "../packages/server/dist/router/testing/simulation.js";

const { values } = parseArgs({
  options: { runs: { type: "string", default: "100" }, backlog: { type: "string", default: "100000" } },
});
const runs = Number(values.runs);

const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(1)} s`;

for (const [status, users, perSecond] of [
  [503, 1000, 100],
  [503, 100, 100],
  [503, 9276, 9276],
  [500, 1000, 100],
]) {
  const slowest = [];
  for (let seed = 1; seed <= runs; seed++) {
    const server = { answer: (_, random) => (random() < 1 / 3 ? status : 200), latency: 40 };
    const { waits } = await simulate({ seed, events: 9276, users, perSecond, server });
    slowest.push(waits.reduce((most, wait) => Math.max(most, wait), 0));
  }
  slowest.sort((a, b) => a - b);
  const within = slowest.filter((wait) => wait <= 90_000).length;
  console.log(
    `${status} to a third, 9,276 events of ${users} users, ${perSecond} a second: slowest within 90 s in ${within} of ${runs} runs; ` +
      `median ${seconds(quantile(slowest, 0.5))}, worst ${seconds(slowest.at(-1))}`,
  );
}

const down = 300_000;
const events = Number(values.backlog);
for (const [name, refusal] of [
  ["nobody listens", undefined],
  ["503", 503],
  ["404 during a deploy", 404],
  ["no answer within 10 s", "silence"],
]) {
  const firsts = [];
  const fulls = [];
  for (let seed = 1; seed <= Math.min(5, runs); seed++) {
    const server = { answer: (now) => (now < down ? refusal : 200), latency: 40 };
    const { deliveries } = await simulate({ seed, events, users: 5000, perSecond: events, server });
    const [first] = deliveries;
    const perSecond = [];
    for (const at of deliveries) {
      const since = Math.floor((at - first) / 1000);
      perSecond[since] = (perSecond[since] ?? 0) + 1;
    }
    const most = perSecond.reduce((one, other) => Math.max(one, other));
    firsts.push(first - down);
    fulls.push(perSecond.findIndex((count) => count >= 0.9 * most) * 1000);
  }
  firsts.sort((a, b) => a - b);
  fulls.sort((a, b) => a - b);
  console.log(
    `${events} events waited, down for 5 min (${name}): first after ${seconds(quantile(firsts, 0.5))} (at most ${seconds(firsts.at(-1))}), ` +
      `full rate ${seconds(quantile(fulls, 0.5))} later (at most ${seconds(fulls.at(-1))})`,
  );
}
