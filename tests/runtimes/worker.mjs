// The checks as a worker: answers a request for `?control=URL` with what failed. Bundled with the conditions of Workers.
import { Pintle } from "@pintle/sdk";
// The example, as it is.
import example from "../../examples/apps/worker.mjs";
import { conform } from "./conformance.mjs";

// Before any request, and without compatibility with Node there is no such thing.
const hadProcess = "process" in globalThis;

export default {
  async fetch(request, env, ctx) {
    const controlUrl = new URL(request.url).searchParams.get("control");
    if (controlUrl === null) return example.fetch(request, env, ctx);
    return Response.json({ hadProcess, results: await conform({ Pintle, controlUrl }) });
  },
};
