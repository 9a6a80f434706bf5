// npm run bench -- outage [--seconds 60] [--only pintle|peers|virtual]: what an outage of the data
// plane costs. A program sends events at a steady rate; its data plane is well, then fails in some
// way, then is well again until the program has closed its client. Each program and each data plane
// is a process of its own. First Pintle alone, at 100 and 1,000 events a second and in five kinds
// of outages; then side by side with its peers, all with their default options, at 100 events a
// second; then ten minutes on virtual time.
import { parseArgs } from "node:util";
import { outage } from "./outage/run.mjs";
import { tenMinutes } from "./outage/virtual.mjs";
import { numberOf, partsOf } from "./report/parts.mjs";

const { values } = parseArgs({ options: { seconds: { type: "string", default: "60" }, only: { type: "string" } } });
const seconds = numberOf("seconds", values.seconds);
const parts = partsOf(values.only, ["pintle", "peers", "virtual"]);

if (parts.has("pintle")) {
  heading(`Pintle alone: ${seconds} s of outage`);
  for (const rate of [100, 1_000]) {
    // The programs are idle nearly all of the time, so they run together.
    const kinds = ["503", "refused", "hang", "reset", "429"];
    const runs = kinds.map((kind) => outage({ subject: "pintle", kind, rate, seconds }));
    const noise = outage({ subject: "none", kind: "well", rate, seconds });
    for (const row of await Promise.all([noise, ...runs])) print(row);
  }
}

if (parts.has("peers")) {
  heading(`side by side: 100 events/s, ${seconds} s of outage`);
  for (const subject of ["none", "pintle", "rudder", "segment", "posthog"]) {
    const kinds = ["503", "hang"];
    const rows = await Promise.all(kinds.map((kind) => outage({ subject, kind, rate: 100, seconds })));
    for (const row of rows) print(row);
  }
}

if (parts.has("virtual")) {
  console.log("\nPintle, 100 events/s, ten minutes of outage on virtual time");
  for (const kind of ["503", "refused", "hang", "429"]) console.log(`  ${await tenMinutes(kind)}`);
}

function heading(title) {
  console.log(`\n${title}`);
  const heads = ["events", "lost", "twice", "at once", "delay p99", "memory", "/ held", "recovered"];
  console.log(`${"".padEnd(26)}${heads.map((head) => head.padStart(11)).join("")}`);
}

function print({ subject, kind, rate, died, offered, distinct, twice, most, p99, growth, held, seconds: recovered }) {
  const name = `${subject}, ${rate}/s, ${kind}`.padEnd(26);
  if (died !== undefined) {
    console.log(`${name}  the process ended with ${died}; ${distinct} events had arrived`);
    return;
  }
  if (subject === "none") {
    console.log(`${name}${`${p99.toFixed(1)} ms`.padStart(55)}${`${(growth / 1e6).toFixed(2)} MB`.padStart(11)}`);
    return;
  }
  const figures = [
    offered.toLocaleString("en"),
    (offered - distinct).toLocaleString("en"),
    twice.toLocaleString("en"),
    most,
    `${p99.toFixed(1)} ms`,
    `${(growth / 1e6).toFixed(2)} MB`,
    held > 0 ? (growth / held).toFixed(2) : "-",
    offered - distinct > 0 ? "never" : `${recovered.toFixed(1)} s`,
  ];
  console.log(name + figures.map((figure) => String(figure).padStart(11)).join(""));
}
