/**
 * The programs of examples/apps, run as they are: what they send arrives, and with the context of
 * its own request.
 */
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { FakeDataPlane } from "@pintle/sdk/testing";
import { freePort } from "./support/free-port.ts";
import { needPackages } from "./support/packages.ts";
import { Program, runProgram } from "./support/program.ts";
import { until, within } from "./support/until.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const folder = join(root, "examples", "apps");
const needApps = needPackages("examples/apps");

type Fields = Readonly<Record<string, unknown>>;

/** How many requests an app gets at once. */
const requests = 40;

function traceIdOf(i: number): string {
  return (i + 1).toString(16).padStart(32, "0");
}

async function order(url: string, i: number): Promise<void> {
  const answer = await fetch(`${url}/orders?n=${i}`, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "User-Agent": `agent/${i}`,
      Referer: `https://shop.example/${i}`,
      traceparent: `00-${traceIdOf(i)}-00f067aa0ba902b7-01`,
    },
    body: JSON.stringify({ userId: `user-${i}`, orderId: `order-${i}` }),
  });
  assert.deepEqual([answer.status, await answer.json()], [201, { userId: `user-${i}`, orderId: `order-${i}` }]);
}

/**
 * Every order arrived once, with the context of the request that it came with, and nothing of
 * another's.
 */
function checkOrders(messages: readonly Fields[], url: string): void {
  const found = messages.map(({ userId, event, properties, context }) => {
    const { library, ...rest } = context as Fields;
    return { userId, event, properties, context: rest };
  });
  const wanted = Array.from({ length: requests }, (_, i) => ({
    userId: `user-${i}`,
    event: "Order Completed",
    properties: { orderId: `order-${i}` },
    context: {
      ip: "127.0.0.1",
      userAgent: `agent/${i}`,
      page: {
        url: `${url}/orders?n=${i}`,
        path: "/orders",
        search: `?n=${i}`,
        referrer: `https://shop.example/${i}`,
      },
      traceId: traceIdOf(i),
    },
  }));
  const number = ({ userId }: Fields): number => Number(String(userId).slice("user-".length));
  assert.deepEqual(
    found.sort((a, b) => number(a) - number(b)),
    wanted,
  );
}

function environment(plane: FakeDataPlane, port = 0): Record<string, string> {
  return { WRITE_KEY: "wk_apps", DATA_PLANE_URL: plane.url, PORT: String(port), NEXT_TELEMETRY_DISABLED: "1" };
}

function delivered(plane: FakeDataPlane, count: number): Promise<void> {
  return within(
    `${count} messages`,
    60_000,
    plane.until(() => plane.messages.length >= count),
  );
}

describe("examples/apps", () => {
  for (const name of ["express", "fastify", "hono"]) {
    test(
      `${name}: concurrent requests, each with its own context; SIGTERM delivers what is queued`,
      needApps,
      async () => {
        await using plane = await FakeDataPlane.start({ writeKey: "wk_apps" });
        await using app = new Program(process.execPath, [join(folder, `${name}.mjs`)], { env: environment(plane) });
        const port = await until("the port", () => /listening on port (\d+)/.exec(app.stdout)?.[1], {
          state: () => app.output,
        });
        const url = `http://127.0.0.1:${port}`;
        await Promise.all(Array.from({ length: requests }, (_, i) => order(url, i)));
        app.child.kill("SIGTERM");
        assert.equal((await app.ended).signal, "SIGTERM", app.output);
        checkOrders(plane.messages, url);
      },
    );
  }

  test("next: route handlers and server components, built for production", needApps, async () => {
    const next = join(folder, "node_modules", "next", "dist", "bin", "next");
    const site = join(folder, "next");
    await using plane = await FakeDataPlane.start({ writeKey: "wk_apps" });
    const env = environment(plane);
    try {
      await runProgram(process.execPath, [next, "build", site], { env, deadline: 180_000 });
      const port = await freePort();
      const args = [next, "start", site, "-p", String(port), "-H", "127.0.0.1"];
      await using app = new Program(process.execPath, args, { env });
      await until("the server", () => app.output.includes("Ready in"), { state: () => app.output });
      const url = `http://127.0.0.1:${port}`;
      await Promise.all(Array.from({ length: requests }, (_, i) => order(url, i)));
      await delivered(plane, requests);
      checkOrders(plane.messages, url);

      const headers = { "User-Agent": "reader/1", Referer: "https://search.example/" };
      assert.match(await (await fetch(url, { headers })).text(), /<h1>Shop<\/h1>/);
      await delivered(plane, requests + 1);
      const { type, name, context } = plane.messages.at(-1)!;
      const { userAgent, ip, page } = context as Fields;
      assert.deepEqual(
        { type, name, userAgent, ip, page },
        {
          type: "page",
          name: "Shop",
          userAgent: "reader/1",
          ip: "127.0.0.1",
          page: { referrer: "https://search.example/" },
        },
      );
    } finally {
      await rm(join(site, ".next"), { recursive: true, force: true });
    }
  });

  test("the compiler finds nothing: the adapters fit the types of their frameworks", needApps, async () => {
    const compiler = fileURLToPath(new URL("bin/tsc", import.meta.resolve("typescript/package.json")));
    await runProgram(process.execPath, [compiler, "-p", folder]);
  });

  test("lambda: what an invocation sends is delivered before its result", async () => {
    await using plane = await FakeDataPlane.start();
    const event = {
      body: JSON.stringify({ userId: "1", orderId: "o-1" }),
      requestContext: { http: { sourceIp: "192.0.2.1", userAgent: "agent/1" } },
    };
    const program = `
      import { handler } from ${JSON.stringify(pathToFileURL(join(folder, "lambda.mjs")).href)};
      const { statusCode } = await handler(${JSON.stringify(event)});
      console.log(statusCode);
      // Frozen: what has not been sent never is.
      process.kill(process.pid, "SIGKILL");
    `;
    const args = ["--input-type=module", "-e", program];
    await using invocation = new Program(process.execPath, args, { env: environment(plane) });
    await invocation.ended;
    assert.equal(invocation.stdout.trim(), "201", invocation.output);
    assert.deepEqual(
      plane.messages.map(({ userId, context }) => [userId, (context as Fields).ip, (context as Fields).userAgent]),
      [["1", "192.0.2.1", "agent/1"]],
    );
  });

  test("worker: answers without waiting, and gives waitUntil what is left to do", async () => {
    await using plane = await FakeDataPlane.start();
    const { default: worker } = await import(pathToFileURL(join(folder, "worker.mjs")).href);
    let answered = (): void => {};
    plane.otherwise(async () => {
      await new Promise<void>((resolve) => {
        answered = resolve;
      });
      return 200;
    });
    const waiting: Promise<unknown>[] = [];
    const request = new Request("https://shop.example/orders", {
      method: "POST",
      body: JSON.stringify({ userId: "1", orderId: "o-1" }),
      headers: { "User-Agent": "agent/1" },
    });
    const env = { WRITE_KEY: "wk_apps", DATA_PLANE_URL: plane.url };
    const answer: Response = await worker.fetch(request, env, {
      waitUntil: (promise: Promise<unknown>) => waiting.push(promise),
    });
    assert.deepEqual([answer.status, plane.messages.length, waiting.length], [201, 0, 1]);
    await within(
      "the request",
      60_000,
      plane.until(() => plane.requests.length === 1),
    );
    answered();
    await within("what waitUntil was given", 60_000, Promise.all(waiting));
    assert.deepEqual(
      plane.messages.map(({ userId }) => userId),
      ["1"],
    );
  });

  test("command-line: ends at once, with its event delivered", async () => {
    await using plane = await FakeDataPlane.start();
    const args = [join(folder, "command-line.mjs"), "user-1", "deploy"];
    const output = await runProgram(process.execPath, args, { env: environment(plane) });
    assert.equal(output.trim(), "deploy: done");
    assert.deepEqual(
      plane.messages.map(({ userId, properties }) => ({ userId, properties })),
      [{ userId: "user-1", properties: { command: "deploy" } }],
    );
  });

  test("long-running: SIGTERM loses nothing", { skip: process.platform === "win32" }, async () => {
    await using plane = await FakeDataPlane.start();
    await using worker = new Program(process.execPath, [join(folder, "long-running.mjs")], { env: environment(plane) });
    await until("ten jobs", () => worker.stdout.includes("ten jobs done"), { state: () => worker.output });
    worker.child.kill("SIGTERM");
    assert.deepEqual(await worker.ended, { code: 0, signal: null });
    const [, jobs, sent] = /stopped after (\d+) jobs; (\d+) events/.exec(worker.stdout) ?? assert.fail(worker.output);
    assert.equal(sent, jobs);
    assert.equal(plane.messages.length, Number(jobs));
  });
});
