import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { type NeedAnswer, need } from "../support/need.ts";
import { runProgram } from "../support/program.ts";
import { takeTrip, writeKey } from "./client-trip.ts";
import { findProgram } from "./find.ts";
import { GoProgram, needGo } from "./go-client.ts";
import { installNodeClients } from "./node-clients.ts";
import { checkStory, clients, type Fields, storyFile, without } from "./story.ts";

const cache = join(clients, ".cache");
const python = join(cache, "python", "bin", "python");

test("RudderStack's SDK for Node", async () => {
  const folder = await installNodeClients();
  const delivered = await takeTrip(6, async (url) => {
    await runProgram(process.execPath, [join(folder, "rudder.mjs"), url, writeKey, storyFile]);
  });
  checkStory(delivered, {
    library: { name: "analytics-node", version: "3.0.13" },
    adapt: (call) => {
      const sent: Fields = { ...call, channel: "server", _metadata: { nodeVersion: process.versions.node } };
      // Traits of an identify are sent at the root and in the context.
      return call.type === "identify"
        ? { ...sent, context: { ...(call.context as Fields), traits: call.traits } }
        : sent;
    },
  });
});

test("Segment's SDK for Node", async () => {
  const folder = await installNodeClients();
  const delivered = await takeTrip(6, async (url) => {
    await runProgram(process.execPath, [join(folder, "segment.mjs"), url, writeKey, storyFile]);
  });
  checkStory(delivered, {
    library: { name: "@segment/analytics-node", version: "3.1.0" },
    adapt: (call) =>
      call.type === "page"
        ? { ...call, properties: { ...(call.properties as Fields), category: call.category } }
        : call,
  });
});

test("RudderStack's SDK for Go", await needGo(), async () => {
  await using program = await GoProgram.build(".");
  const delivered = await takeTrip(8, async (url) => {
    await runProgram(program.path, [url, writeKey, storyFile]);
  });
  checkStory(delivered, {
    library: { name: "analytics-go", version: "4.2.1" },
    timestamp: "originalTimestamp",
    adapt: (call) => {
      const sent: Fields = { ...without(call, "category"), channel: "server" };
      return call.type === "alias" ? without(sent, "anonymousId") : sent;
    },
  });

  const identify = delivered.get("fluent-identify")!;
  assert.deepEqual(identify.traits, {
    address: "1 Höhe",
    age: 42,
    avatar: "https://shop.example/a.png",
    birthday: "1984-05-17T00:00:00Z",
    createdAt: "2014-05-17T00:00:00Z",
    description: "a customer",
    email: "zoe@example.com",
    firstName: "Zoë",
    gender: "female",
    lastName: "Ångström",
    name: "Zoë Ångström",
    phone: "+41 1 234",
    title: "Dr",
    username: "zoe",
    website: "https://zoe.example",
    plan: "free",
  });
  assert.deepEqual((identify.context as Fields).traits, { name: "from the context" });

  const track = delivered.get("fluent-track")!;
  assert.equal(track.event, "Order Completed");
  assert.deepEqual(track.properties, {
    revenue: 29.33,
    currency: "USD",
    value: 30.5,
    path: "/cart",
    referrer: "https://search.example/",
    title: "Cart",
    url: "https://shop.example/cart",
    name: "order",
    category: "music",
    sku: "cd-1",
    price: 14.96,
    id: "p-1",
    orderId: "o-1",
    total: 31.25,
    subtotal: 29.33,
    shipping: 0,
    tax: 1.92,
    discount: 0.5,
    coupon: "SPRING",
    // The SDK writes SKU as `sky`.
    products: [{ id: "p-1", sky: "cd-1", name: "Kind of Blue", price: 14.96 }],
    repeat: true,
    gift: false,
  });
  assert.deepEqual(track.integrations, { all: true, Amplitude: true, Salesforce: false, Mixpanel: { region: "eu" } });
  assert.match(String(track.anonymousId), /^[0-9a-f-]{36}$/, "the SDK makes an anonymousId where there is none");
});

test("RudderStack's SDK for Python", await needPython(), async () => {
  const delivered = await takeTrip(6, async (url) => {
    await runProgram(python, [join(clients, "python", "client.py"), url, writeKey, storyFile]);
  });
  checkStory(delivered, {
    library: { name: "analytics-python", version: "2.1.9" },
    adapt: (call) => {
      const sent: Fields = { ...call, channel: "server" };
      if (call.type !== "identify") return sent;
      // Traits of an identify are sent in the context alone.
      return { ...without(sent, "traits"), context: { ...(call.context as Fields), traits: call.traits } };
    },
  });
});

test("RudderStack's SDK for Java", await needJava(), async () => {
  const classPath = [join(cache, "java", "*"), join(clients, "java")].join(delimiter);
  const delivered = await takeTrip(6, async (url) => {
    await runProgram("java", ["-cp", classPath, join(clients, "java", "Client.java"), url, writeKey, storyFile]);
  });
  checkStory(delivered, {
    library: { name: "analytics-java", version: "3.1.2" },
    adapt: (call) => ({ ...(call.type === "screen" ? without(call, "category") : call), channel: "server" }),
  });
});

// Each of these says what is there, so that a test either runs with everything that it needs or is
// skipped by name.

async function needPython(): Promise<NeedAnswer> {
  const found = await sameFile(join(clients, "python", "requirements.txt"), join(cache, "python", "requirements.txt"));
  return need("Python with RudderStack's SDK", { found, install: ".ci/install.sh python" });
}

async function needJava(): Promise<NeedAnswer> {
  const found =
    findProgram("java") && (await sameFile(join(clients, "java", "pom.xml"), join(cache, "java", "pom.xml")));
  return need("Java with RudderStack's SDK", { found, install: ".ci/install.sh java" });
}

/** The installer copies the list of what it installed beside it, last. */
async function sameFile(wanted: string, installed: string): Promise<boolean> {
  try {
    return (await readFile(wanted, "utf8")) === (await readFile(installed, "utf8"));
  } catch {
    return false;
  }
}
