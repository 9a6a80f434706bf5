// A shop whose page sends by RudderStack's SDK for browsers, opened in Chromium:
//   node browser.mjs CHROMIUM DATA_PLANE_URL WRITE_KEY requests|beacon
// Prints "called" when the page has made its calls. Closes the page when it reads a line, which
// makes the page send one event more, and the browser when its standard input ends.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const [executablePath, dataPlaneUrl, writeKey, mode] = process.argv.slice(2);
const sdk = readFileSync(fileURLToPath(import.meta.resolve("@rudderstack/analytics-js/bundled")));
const page = readFileSync(new URL("shop.html", import.meta.url));

const site = createServer((request, response) => {
  const script = request.url === "/rudder.mjs";
  response.setHeader("Content-Type", script ? "text/javascript" : "text/html");
  response.end(script ? sdk : page);
});
site.listen(0, "127.0.0.1");
await once(site, "listening");

const browser = await chromium.launch({
  executablePath,
  args: "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync".split(
    " ",
  ),
});
const lines = createInterface({ input: process.stdin });
const ended = once(lines, "close");
try {
  const tab = await browser.newPage();
  const broken = new Promise((_, reject) => tab.on("pageerror", reject));
  broken.catch(() => {});
  tab.on("console", (message) => console.error(message.text()));
  await tab.goto(`http://127.0.0.1:${site.address().port}/?utm_source=newsletter&utm_campaign=spring`);
  await Promise.race([broken, tab.evaluate(callAll, { dataPlaneUrl, writeKey, useBeacon: mode === "beacon" })]);
  console.log("called");
  await once(lines, "line");
  await tab.close();
  await ended;
} finally {
  await browser.close();
  site.close();
  site.closeAllConnections();
}

/** Runs in the page. */
async function callAll({ dataPlaneUrl, writeKey, useBeacon }) {
  const { RudderAnalytics } = await import("/rudder.mjs");
  const analytics = new RudderAnalytics();
  // Before the SDK's own listener, which sends what it holds.
  addEventListener("pagehide", () => analytics.track("Left", { at: "pagehide" }));
  await new Promise((resolve) =>
    analytics.load(writeKey, dataPlaneUrl, { configUrl: dataPlaneUrl, useBeacon, onLoaded: resolve, logLevel: "WARN" }),
  );
  analytics.page("Docs", "Getting started", { section: 3 }, { context: { theme: "dark" } });
  analytics.identify("customer-0042", { name: "Zoë Ångström", plan: "free" });
  analytics.track("Order Completed", { revenue: 29.33, gift: false, products: [{ name: "Blå ✓ 🎉", price: 14.37 }] });
  analytics.group("company-9", { name: "Ümläut Inc.", employees: 12 });
  analytics.alias("customer-0042", "device-7f3a");
}
