// A load generator on raw sockets, so that the core it runs on is never what is measured. Writes
// one JSON line: { requests, total, seconds, errors, latencies: { p50, p99 } } (milliseconds).
//   node load.mjs --port N --load plain|gzip|single --connections N --seconds N [--warmup N] [--rate N] [--bodies FILE]
//     [--host HOST] [--key WRITE_KEY] [--run N]
// FILE has the bodies of the load "gzip": see compress.mjs. Each --run, up to 4,000, has message
// ids of its own.
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { templates } from "./bodies.mjs";

const { values } = parseArgs({
  options: {
    port: { type: "string" },
    load: { type: "string" },
    connections: { type: "string", default: "64" },
    seconds: { type: "string", default: "5" },
    warmup: { type: "string", default: "2" },
    rate: { type: "string" },
    bodies: { type: "string" },
    host: { type: "string", default: "127.0.0.1" },
    key: { type: "string", default: "wk_bench" },
    run: { type: "string", default: "0" },
  },
});
const port = Number(values.port);
const path = values.load === "single" ? "/v1/track" : "/v1/batch";
const encoding = values.load === "gzip" ? "Content-Encoding: gzip\r\n" : "";
const headFor = (length) =>
  Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: ${values.host}:${port}\r\nAuthorization: Basic ${btoa(`${values.key}:`)}\r\n` +
      `Content-Type: application/json\r\n${encoding}Content-Length: ${length}\r\n\r\n`,
  );

/**
 * Gives the bytes of the next request; `own` is a buffer that nothing else uses until it is
 * answered.
 */
const nextRequest = values.load === "gzip" ? fromFile(values.bodies) : fromTemplates(values.load);

function fromTemplates(load) {
  const all = templates(load).map((template) => ({ template, head: headFor(template.body.length) }));
  let turn = Number(values.run) * 2 ** 20 * all.length;
  return (own) => {
    const { template, head } = all[turn % all.length];
    head.copy(own);
    template.write(own, head.length, Math.floor(turn++ / all.length));
    return own.subarray(0, head.length + template.body.length);
  };
}

function fromFile(file) {
  const bytes = readFileSync(file);
  const requests = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32LE(at);
    requests.push(Buffer.concat([headFor(end - at - 4), bytes.subarray(at + 4, end)]));
    at = end;
  }
  let turn = 0;
  return () => requests[turn++ % requests.length];
}

let measuring = false;
let answered = 0;
let total = 0;
let errors = 0;
const latencies = [];
/**
 * With a rate: when the next request is due. A request that has to wait for a connection counts
 * from when it was due.
 */
const due = [];
const free = [];

class Connection {
  #socket = connect(port, values.host);
  #own = Buffer.alloc(64 * 1024);
  #since = 0;
  #text = "";
  constructor() {
    this.#socket.setNoDelay(true);
    this.#socket.setEncoding("latin1");
    this.#socket.on("connect", () => this.idle());
    this.#socket.on("data", (text) => this.#receive(text));
    this.#socket.on("error", () => errors++);
  }
  idle() {
    if (values.rate === undefined) this.send(performance.now());
    else if (due.length > 0) this.send(due.shift());
    else free.push(this);
  }
  send(since) {
    this.#since = since;
    this.#text = "";
    this.#socket.write(nextRequest(this.#own));
  }
  #receive(text) {
    this.#text += text;
    const head = this.#text.indexOf("\r\n\r\n");
    if (head === -1) return;
    const length = Number(/content-length: (\d+)/i.exec(this.#text)?.[1] ?? 0);
    if (this.#text.length < head + 4 + length) return;
    if (!this.#text.startsWith("HTTP/1.1 200")) errors++;
    total++;
    if (measuring) {
      answered++;
      latencies.push(performance.now() - this.#since);
    }
    this.idle();
  }
}

for (let k = 0; k < Number(values.connections); k++) new Connection();
if (values.rate !== undefined) {
  const every = 1000 / Number(values.rate);
  let next = performance.now();
  setInterval(() => {
    for (const now = performance.now(); next <= now; next += every) {
      const connection = free.shift();
      if (connection === undefined) due.push(next);
      else connection.send(next);
    }
  }, 1);
}
setTimeout(() => {
  measuring = true;
  const start = performance.now();
  setTimeout(() => {
    const seconds = (performance.now() - start) / 1000;
    latencies.sort((a, b) => a - b);
    const at = (share) => latencies[Math.floor(latencies.length * share)];
    console.log(
      JSON.stringify({ requests: answered, total, seconds, errors, latencies: { p50: at(0.5), p99: at(0.99) } }),
    );
    process.exit(0);
  }, Number(values.seconds) * 1000);
}, Number(values.warmup) * 1000);
