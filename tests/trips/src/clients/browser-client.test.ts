import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { need } from "../support/need.ts";
import { Program } from "../support/program.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { onEvent, until } from "../support/until.ts";
import type { Delivered } from "../support/webhook-sink.ts";
import { type ClientTrip, takeTrip, writeKey } from "./client-trip.ts";
import { findProgram } from "./find.ts";
import { installNodeClients } from "./node-clients.ts";
import type { Fields } from "./story.ts";

const chromium = findProgram("chromium", "chromium-browser", "google-chrome");
const needChromium = need("Chromium", { found: chromium, install: ".ci/install.sh chromium" });

test(
  "RudderStack's SDK for browsers: configuration, calls, and what is sent while the page closes",
  needChromium,
  async () => {
    const delivered = await takeTrip(6, async (url, trip) => {
      await visit(url, "requests", trip, async (shop) => {
        await trip.arrived(5);
        await shop.close();
        await trip.arrived(6);
      });
      const asked = trip.tap.exchanges.map(({ method, path }) => `${method} ${new URL(path, url).pathname}`);
      assert.equal(asked.filter((request) => request === "GET /sourceConfig/").length, 1);
      for (const call of ["page", "identify", "track", "group", "alias"]) {
        assert.ok(
          asked.includes(`OPTIONS /v1/${call}`) && asked.includes(`POST /v1/${call}`),
          `${call} is sent by itself`,
        );
      }
    });
    checkCalls(delivered);
  },
);

test("RudderStack's SDK for browsers by beacon: all is sent at once while the page closes", needChromium, async () => {
  const delivered = await takeTrip(6, async (url, trip) => {
    await visit(url, "beacon", trip, async (shop) => {
      await shop.close();
      await trip.arrived(6);
    });
    const posts = trip.tap.exchanges.filter(({ method }) => method === "POST").map(({ path }) => path);
    assert.deepEqual([...new Set(posts)], [`/beacon/v1/batch?writeKey=${writeKey}`]);
  });
  checkCalls(delivered);
});

interface Shop {
  /** Closes the page, which makes it send one event more. */
  close(): Promise<void>;
}

/**
 * Opens the shop in a browser, waits until its page has made its calls, and leaves when `then` is
 * over.
 */
async function visit(
  dataPlaneUrl: string,
  mode: "requests" | "beacon",
  trip: ClientTrip,
  then: (shop: Shop) => Promise<void>,
): Promise<void> {
  const folder = await installNodeClients();
  await using profile = await tempFolder("browser");
  await using shop = new Program(
    process.execPath,
    [join(folder, "browser.mjs"), chromium!, dataPlaneUrl, writeKey, mode],
    {
      env: { TMPDIR: profile.path },
    },
  );
  const { child } = shop;
  await until("the page to make its calls", () => shop.stdout.includes("called\n") || shop.hasEnded, {
    hints: [onEvent(child.stdout, "data"), onEvent(child, "close")],
    state: () => `${JSON.stringify(trip.tap.exchanges.map(({ path, status }) => [path, status]))}\n${shop.stderr}`,
  });
  if (!shop.hasEnded) await then({ close: async () => void child.stdin.write("close\n") });
  child.stdin.end();
  await shop.succeeded();
}

function checkCalls(delivered: ReadonlyMap<string, Delivered>): void {
  const events = [...delivered.values()];
  const one = (type: string, event?: string): Delivered => {
    const found = events.filter((candidate) => candidate.type === type && candidate.event === event);
    assert.equal(found.length, 1, `one ${type} ${event ?? ""}`);
    return found[0]!;
  };
  const page = one("page");
  assert.equal(page.name, "Getting started");
  assert.equal(page.category, "Docs");
  const { section, title, search } = page.properties as Fields;
  assert.deepEqual(
    { section, title, search },
    { section: 3, title: "A shop", search: "?utm_source=newsletter&utm_campaign=spring" },
  );
  const { theme, campaign } = page.context as Fields;
  assert.deepEqual({ theme, campaign }, { theme: "dark", campaign: { source: "newsletter", name: "spring" } });

  const identify = one("identify");
  assert.equal(identify.userId, "customer-0042");
  assert.deepEqual((identify.context as Fields).traits, { name: "Zoë Ångström", plan: "free" });

  const order = one("track", "Order Completed");
  assert.equal(order.userId, "customer-0042");
  assert.deepEqual(order.properties, { revenue: 29.33, gift: false, products: [{ name: "Blå ✓ 🎉", price: 14.37 }] });

  const group = one("group");
  assert.equal(group.groupId, "company-9");
  assert.deepEqual(group.traits, { name: "Ümläut Inc.", employees: 12 });

  const alias = one("alias");
  assert.equal(alias.userId, "customer-0042");
  assert.equal(alias.previousId, "device-7f3a");

  assert.deepEqual(one("track", "Left").properties, { at: "pagehide" });
  for (const event of events) assert.equal(event.anonymousId, page.anonymousId);
}
