// The highest rate of ingest at which destinations keep up, beside what bare node:http takes.
import { median, thousands } from "../report/figures.mjs";
import { files, measure, startBare, startPintle } from "./servers.mjs";

/**
 * Whether all destinations keep up at so many events a second: at the end each is less than a
 * second behind.
 */
async function keepsUp(rate, { count, split, seconds }) {
  const started = await startPintle(files(count), { split });
  const result = await measure(started, "plain", { rate: rate / 100, time: seconds });
  const { destinations } = await started.status();
  await started.end();
  return result.rate > 0.95 * rate && destinations.every(({ lag }) => lag.seconds < 1);
}

/**
 * The row of `count` file destinations that keep up: in each round bare node:http is measured, and
 * the share of it found by halving. `split`: only the gateway's thread is bound to its core.
 */
export async function rowOfFiles({ count, split, seconds, rounds, goal }) {
  const shares = [];
  const rates = [];
  for (let round = 0; round < rounds; round++) {
    const started = await startBare();
    const { rate } = await measure(started, "plain", { time: seconds });
    await started.end();
    let [kept, missed] = [0, 1];
    for (let step = 0; step < 5; step++) {
      const share = (kept + missed) / 2;
      if (await keepsUp(share * rate, { count, split, seconds })) kept = share;
      else missed = share;
    }
    shares.push(kept);
    rates.push(rate);
  }
  const what = count === 1 ? "one file that keeps up" : `${count} files that keep up`;
  return {
    figure: `events/s in batches of 100, plain, ${what}, ${split ? "only the gateway's thread on its core" : "all threads on one core"}`,
    value: thousands(median(shares) * median(rates)),
    beside: thousands(median(rates)),
    ratio: median(shares),
    goal,
  };
}
