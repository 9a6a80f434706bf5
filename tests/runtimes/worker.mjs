// The checks as a worker: answers a request for `?control=URL` with what failed. Bundled with the
// conditions of Workers.
import { Pintle } from "@pintle/sdk";
// The example, as it is.
import example from "../../examples/apps/worker.mjs";
import { conform } from "./conformance.mjs";

// Where programs make it: before any request there is no randomness, no time and no network, and a
// worker that asks for one does not start.
const client = new Pintle("key", "https://data.example.com", { defaultContext: { app: { name: "worker" } } });

// Before any request, and without compatibility with Node there is no such thing.
const hadProcess = "process" in globalThis;

export default {
  async fetch(request, env, ctx) {
    const controlUrl = new URL(request.url).searchParams.get("control");
    if (controlUrl === null) return example.fetch(request, env, ctx);
    return Response.json({
      hadProcess,
      offered: client.stats().offered,
      results: await conform({ Pintle, controlUrl }),
    });
  },
};
