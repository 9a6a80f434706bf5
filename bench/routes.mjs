// npm run bench -- routes [--seconds N] [--rounds N] [--files N] [--markdown FILE]: the highest
// rate of ingest at which five destinations that take whole events keep up, all threads of the data
// plane on one core, beside bare node:http that reads and parses the same bodies on that core.
// Medians of the rounds; about 50 seconds a round.
import { parseArgs } from "node:util";
import { rowOfFiles } from "./gateway/keeps-up.mjs";
import { Figures, markdownFlag } from "./report/figures.mjs";
import { numberOf } from "./report/parts.mjs";

const { values } = parseArgs({
  options: {
    ...markdownFlag,
    seconds: { type: "string", default: "5" },
    rounds: { type: "string", default: "5" },
    files: { type: "string", default: "5" },
  },
});
const [seconds, rounds, count] = ["seconds", "rounds", "files"].map((flag) => numberOf(flag, values[flag]));

const figures = new Figures(values.markdown);
figures.add(await rowOfFiles({ count, split: false, seconds, rounds, goal: "0.35" }));
figures.end(`Beside: bare node:http. Medians of ${rounds} rounds of ${seconds} s`);
