/**
 * The destination in examples/destination: its types, its cases, and a month before its service.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { z } from "@pintle/kit";
import { takesItems, type Vendor, type VendorRequest } from "@pintle/kit/testing";
import { pintleCommand } from "../support/data-plane.ts";
import { runProgram } from "../support/program.ts";
import type { Role } from "./role.ts";
import { shopMonth } from "./shop-month.ts";
import { tellStory } from "./story.ts";

const folder = fileURLToPath(new URL("../../../../examples/destination/", import.meta.url));

test("it compiles in a strict project", async () => {
  const compiler = fileURLToPath(new URL("bin/tsc", import.meta.resolve("typescript/package.json")));
  await assert.doesNotReject(promisify(execFile)(process.execPath, [compiler, "-p", folder]));
});

test("its cases hold", async () => {
  const output = await runProgram(process.execPath, [pintleCommand, "destination", "test", "crm.cases.json"], {
    cwd: folder,
  });
  assert.match(output, /^6 cases, all hold$/m);
});

/** How many requests a token of the service is good for. */
const usesOfToken = 40;

/** A customer database that takes its tokens back, and knows people by ids of its own. */
function crm(): Vendor {
  const ids = new Map<string, string>();
  let token = 0;
  let uses = 0;
  const isThere = ({ params }: VendorRequest): boolean => [...ids.values()].includes(params.id ?? "");
  const item = z.strictObject({
    key: z.string(),
    name: z.string().optional(),
    time: z.iso.datetime().optional(),
    traits: z.record(z.string(), z.unknown()).optional(),
  });
  const keeps = takesItems({ item, key: ({ key }) => key, most: 1 });
  return {
    authorize({ path, headers }) {
      if (path === "/oauth/token") return undefined;
      if (headers.authorization !== `Bearer token-${token}` || uses++ >= usesOfToken) return { status: 401 };
      return undefined;
    },
    routes: {
      "POST /oauth/token": (request) => {
        if (request.form().get("client_secret") !== "s3cret") return { status: 400, body: { error: "invalid_client" } };
        uses = 0;
        return { body: { access_token: `token-${++token}`, expires_in: 3600 } };
      },
      "GET /people": ({ query }) => {
        const id = ids.get(query.get("external_id") ?? "");
        return id === undefined ? { status: 404 } : { body: { id } };
      },
      "POST /people": (request) => {
        const { external_id: externalId } = request.json() as { external_id: string };
        if (ids.has(externalId)) return { status: 409 };
        const id = `p${ids.size + 1}`;
        ids.set(externalId, id);
        return { status: 201, body: { id } };
      },
      "PUT /people/:id": (request, busy) => (isThere(request) ? keeps(request, busy) : { status: 404 }),
      "POST /people/:id/activities": (request, busy) => (isThere(request) ? keeps(request, busy) : { status: 404 }),
    },
  };
}

test("a month of the shop is there, though the service fails at random and takes its tokens back", async () => {
  const role: Role = {
    destination: (endpoint) => ({
      type: new URL("../../../../examples/destination/crm.ts", import.meta.url).href,
      endpoint,
      clientId: "app",
      clientSecret: "s3cret",
    }),
    vendor: crm(),
    keys: (message) => {
      const isUsed = message.type === "identify" || message.type === "track";
      return isUsed && message.userId !== undefined ? [message.messageId!] : [];
    },
  };
  await tellStory({ crm: role }, shopMonth({ seed: 5, visitors: 8, end: Date.now() }), { seed: 5 });
});
