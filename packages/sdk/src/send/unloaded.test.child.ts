/**
 * A program that unloaded.test.ts runs: the first loads of the code for responses fail, as those of
 * a page that is offline. Tells how its messages ended.
 */
import { register } from "node:module";

const [url = "", failures = "0"] = process.argv.slice(2);
const hooks = `
  let left = ${failures};
  export async function load(url, context, next) {
    if (url.includes("/response-handler.js") && left-- > 0) throw new Error("offline");
    return next(url, context);
  }
  export async function resolve(specifier, context, next) {
    const result = await next(specifier, context);
    // A failed load is remembered by its URL.
    return specifier.includes("response-handler") ? { ...result, url: result.url + "?" + left } : result;
  }`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
const { Pintle } = await import("../index.js");

const logger = { debug() {}, info() {}, warn() {}, error() {} };
const client = new Pintle("key", url, { interval: 0, logger });
const errors: string[] = [];
client.on("error", ({ message }) => errors.push(message));
const bad = client.track({ userId: "u", event: "bad" });
const outcome = await bad.delivered();
const good = client.track({ userId: "u", event: "good" });
const { status } = await good.delivered();
await client.close();
console.log(JSON.stringify({ bad: outcome.status, good: status, errors }));
