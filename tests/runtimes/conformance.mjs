// What the SDK promises on every runtime, as a module without a test runner and without a module of
// Node: `conform` runs every check against a fake data plane that lives in another process, and
// returns what failed. Each check has a write key of its own, by which the data plane keeps them
// apart.

/**
 * @param {{ Pintle: any, controlUrl: string, directory?: string }} subject `directory`: an empty
 * folder, where there is a file system
 */
export async function conform({ Pintle, controlUrl, directory }) {
  const control = async (action, key, body) => {
    const answer = await fetch(`${controlUrl}/${action}?key=${key}`, {
      method: "POST",
      body: JSON.stringify(body ?? null),
    });
    return answer.json();
  };
  const { url } = await control("hello", "none");
  // All at a time: most of the time is spent waiting for retries.
  const { closed, ...others } = checks;
  const results = await Promise.all(Object.keys(others).map((name) => run(name, { Pintle, url, control, directory })));
  // Where connections are the SDK's, and not the runtime's.
  if (directory !== undefined) results.push(await run("closed", { Pintle, url, control, directory }));
  return results;
}

async function run(name, { Pintle, url, control, directory }) {
  const key = `wk_${name}`;
  const clients = [];
  const plane = {
    script: (...answers) => control("script", key, answers),
    otherwise: (answer) => control("otherwise", key, answer),
    /** The requests so far, in order of arrival. */
    requests: () => control("requests", key),
    /** Connections that are open, whoever opened them. */
    connections: () => control("connections", key),
    /** The messages that were answered with 2xx, repeats included. */
    messages: () => control("messages", key),
  };
  const start = (config = {}) => {
    const logger = { debug() {}, info() {}, warn() {}, error() {} };
    const client = new Pintle(key, url, { logger, ...config });
    clients.push(client);
    return client;
  };
  let error = null;
  try {
    await checks[name]({ start, plane, Pintle, directory });
    for (const client of clients) balance(client);
  } catch (thrown) {
    error = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  }
  await Promise.all(clients.map((client) => client.close({ timeout: 0 })));
  return { name, error };
}

const checks = {
  async calls({ start, plane }) {
    const client = start({ defaultContext: { app: { name: "conformance" } } });
    const timestamp = new Date(0);
    const common = { userId: 1, context: { locale: "en" }, integrations: { All: true }, timestamp };
    client.identify({ ...common, traits: { name: "N" } });
    client.track({
      ...common,
      event: "E",
      properties: { at: timestamp, none: undefined, zero: 0, deep: [{ a: [1] }] },
    });
    client.page({ ...common, name: "P", category: "C", properties: { url: "u" } });
    client.screen({ ...common, name: "S" });
    client.group({ ...common, groupId: 7, traits: { size: 5 } });
    client.alias({ ...common, previousId: 8 });
    client.enqueue({ type: "track", anonymousId: "a", event: "Ünïcödé ✓" });
    equal(await client.flush(), { delivered: 7, dropped: 0, pending: 0 });

    const [request, ...others] = await plane.requests();
    equal(others.length, 0);
    equal(request.path, "/v1/batch");
    equal(request.headers["content-type"], "application/json");
    equal(request.headers["content-encoding"], "gzip");
    ok(/^pintle-sdk\/\d+\.\d+\.\d+ \(.+\)$/.test(request.headers["user-agent"]), request.headers["user-agent"]);
    const messages = await plane.messages();
    for (const { messageId, channel, context, originalTimestamp, sentAt } of messages) {
      ok(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(messageId), messageId);
      equal([channel, context.library.name, context.app.name], ["server", "@pintle/sdk", "conformance"]);
      ok(Math.abs(Date.now() - Date.parse(originalTimestamp)) < 60_000, originalTimestamp);
      ok(Date.parse(sentAt) >= Date.parse(originalTimestamp), sentAt);
    }
    equal(
      messages.map(({ type, userId, anonymousId, event, name, category, groupId, previousId, properties, traits }) =>
        without({ type, userId, anonymousId, event, name, category, groupId, previousId, properties, traits }),
      ),
      [
        { type: "identify", userId: "1", traits: { name: "N" } },
        { type: "track", userId: "1", event: "E", properties: { at: timestamp.toJSON(), zero: 0, deep: [{ a: [1] }] } },
        { type: "page", userId: "1", name: "P", category: "C", properties: { url: "u" } },
        { type: "screen", userId: "1", name: "S" },
        { type: "group", userId: "1", groupId: "7", traits: { size: 5 } },
        { type: "alias", userId: "1", previousId: "8" },
        { type: "track", anonymousId: "a", event: "Ünïcödé ✓" },
      ],
    );
    equal(messages[0].timestamp, timestamp.toJSON());
  },

  async refusals({ start, Pintle, plane }) {
    const client = start({
      maxMessageBytes: 1_000,
      beforeSend: (message) => {
        if (message.event === "Throw") throw new Error("mine");
        return message.event === "Drop" ? null : message;
      },
      plan: {
        Planned: {
          "~standard": {
            version: 1,
            vendor: "conformance",
            validate: (value) => (value.n > 0 ? { value } : { issues: [{ message: "no", path: ["n"] }] }),
          },
        },
      },
    });
    const cyclic = {};
    cyclic.self = cyclic;
    const offers = [
      [{ userId: "", event: "E" }, "invalid"],
      [{ userId: "1" }, "invalid"],
      [{ userId: "1", event: "E", properties: { big: 1n } }, "invalid"],
      [{ userId: "1", event: "E", properties: cyclic }, "invalid"],
      [{ userId: "1", event: "Planned", properties: { n: 0 } }, "invalid"],
      [{ userId: "1", event: "✓".repeat(400) }, "too_large"],
      [{ userId: "1", event: "Drop" }, "filtered"],
      [{ userId: "1", event: "Throw" }, "before_send"],
      [{ userId: "1", event: "Planned", properties: { n: 1 } }, undefined],
    ];
    for (const [message, reason] of offers) {
      const receipt = client.track(message);
      equal([receipt.accepted, receipt.error === undefined], [reason === undefined, reason === undefined]);
      if (reason !== undefined) equal((await receipt.delivered()).reason, reason);
    }
    await client.flush();
    equal((await plane.messages()).length, 1);
    throws(() => start({ strict: true }).track({ userId: "" }));
    throws(() => new Pintle("key", "no URL"));
    throws(() => start({ batchSize: 0 }));
  },

  async limits({ start, plane }) {
    const client = start({ batchSize: 10, maxBatchBytes: 4_000, gzip: false });
    for (let i = 0; i < 25; i++)
      client.track({ userId: "1", event: "E", properties: { i, text: "ü".repeat(i % 2 === 0 ? 10 : 300) } });
    await client.flush();
    const requests = await plane.requests();
    ok(
      requests.every(({ messages, wireBytes }) => messages.length <= 10 && wireBytes <= 4_000),
      JSON.stringify(requests.map(({ wireBytes }) => wireBytes)),
    );
    equal(
      requests.flatMap(({ messages }) => messages.map(({ properties }) => properties.i)),
      range(25),
    );

    const full = start({ maxQueueBytes: 2_000, maxMessageBytes: 1_000 });
    let accepted = 0;
    while (full.track({ userId: "1", event: "E" }).accepted) accepted++;
    ok(accepted > 2 && accepted < 20, `${accepted} accepted`);
    equal(full.stats().refused.queue_full, 1);
    const waiting = full.ready();
    await waiting;
    ok(full.track({ userId: "1", event: "E" }).accepted, "there is room after ready()");
    await full.flush();
  },

  async retry({ start, plane }) {
    await plane.script(503, "reset", { truncated: true }, { status: 429, retryAfter: 1 }, 200);
    const client = start();
    const codes = [];
    client.on("error", ({ code }) => codes.push(code));
    const receipt = client.track({ userId: "1", event: "E" });
    equal(await client.flush({ timeout: "30s" }), { delivered: 1, dropped: 0, pending: 0 });
    equal(await receipt.delivered(), { status: "delivered" });
    const requests = await plane.requests();
    equal(requests.length, 5);
    equal(new Set(requests.map(({ messages }) => messages[0].messageId)).size, 1);
    const times = requests.map(({ messages }) => messages[0].sentAt);
    equal(times, [...times].sort());
    ok(times[4] > times[3], "sentAt is new at each attempt");
    ok(requests[4].at - requests[3].at >= 990, "Retry-After is waited for");
    // A connection that was in use before, and is reset, is no failure: it is sent again at once,
    // by the SDK on Node and by others themselves.
    ok(codes.length === 4 || codes.length === 3, `${codes.length} failures`);
    ok(
      codes.every((code) => code === "PINTLE_SEND_FAILED"),
      codes,
    );
    ok([codes.length, 4].includes(client.stats().retries), `${client.stats().retries} retries`);
  },

  async hang({ start, plane }) {
    await plane.script("hang", 200);
    const client = start({ timeout: 500 });
    client.track({ userId: "1", event: "E" });
    equal((await client.flush({ timeout: "30s" })).delivered, 1);
    const requests = await plane.requests();
    // More than two where the machine was too busy to answer in time.
    ok(requests.length >= 2, `${requests.length} requests`);
    equal([requests[0].status, requests.at(-1).status], [undefined, 200]);
  },

  async split({ start, plane }) {
    await plane.otherwise("judge");
    const client = start();
    const dropped = [];
    client.on("dropped", ({ message, reason }) => dropped.push([message.properties.i, reason]));
    for (const i of range(8)) client.track({ userId: i % 3, event: "E", properties: { i, bad: i === 5 } });
    equal(await client.flush({ timeout: "30s" }), { delivered: 7, dropped: 1, pending: 0 });
    equal(dropped, [[5, "rejected"]]);
    equal(
      (await plane.messages()).map(({ properties }) => properties.i).sort(),
      range(8).filter((i) => i !== 5),
    );
  },

  async held({ start, plane }) {
    await plane.otherwise(401);
    const client = start();
    const told = new Promise((resolve) => client.on("error", resolve));
    client.track({ userId: "1", event: "E" });
    equal((await client.flush({ timeout: 1 })).pending, 1);
    const { code, message } = await told;
    equal([code, message.includes("wk_")], ["PINTLE_SEND_HELD", false]);
    await plane.otherwise(200);
    equal(await client.close({ timeout: "20s" }), { delivered: 1, dropped: 0, pending: 0 });
  },

  async order({ start, plane }) {
    await plane.script(503, 200, 503, "reset", 200);
    const client = start({ batchSize: 7, concurrency: 3 });
    for (const i of range(100)) client.track({ userId: i % 4, event: "E", properties: { i } });
    equal((await client.flush({ timeout: "60s" })).delivered, 100);
    const messages = await plane.messages();
    equal(messages.length, 100);
    for (const user of range(4)) {
      const own = messages.filter(({ userId }) => userId === String(user)).map(({ properties }) => properties.i);
      equal(
        own,
        range(100).filter((i) => i % 4 === user),
      );
    }
  },

  async close({ start, plane }) {
    const client = start();
    client.track({ userId: "1", event: "E" });
    const closing = client.close();
    equal(client.track({ userId: "1", event: "Late" }).accepted, false);
    equal(await closing, { delivered: 1, dropped: 0, pending: 0 });
    equal(await client.close(), { delivered: 1, dropped: 0, pending: 0 });
    equal(client.stats().refused.closed, 1);

    await plane.otherwise("hang");
    const cut = start();
    const receipt = cut.track({ userId: "1", event: "E" });
    equal(await cut.close({ timeout: 200 }), { delivered: 0, dropped: 1, pending: 0 });
    equal((await receipt.delivered()).reason, "abandoned");

    const disposed = start();
    await disposed[Symbol.asyncDispose]();
    equal(disposed.track({ userId: "1", event: "E" }).accepted, false);
  },

  async closed({ start, plane }) {
    for (const _ of range(30)) {
      const client = start();
      client.track({ userId: "1", event: "E" });
      equal((await client.close()).delivered, 1);
    }
    let open;
    for (const _ of range(50)) {
      ({ open } = await plane.connections());
      // One that the runtime keeps for all clients together is no leak.
      if (open <= 1) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`${open} connections are left`);
  },

  async account({ start, plane }) {
    await plane.script(503, 200, "reset", 200);
    const client = start({ batchSize: 5, overflow: "drop-oldest", maxQueueBytes: 4_000, maxMessageBytes: 1_000 });
    for (const event of ["accepted", "delivered", "dropped", "refused", "error"])
      client.on(event, () => balance(client));
    for (const i of range(60)) {
      client.track({ userId: i % 3, event: i % 10 === 0 ? "" : "E" });
      balance(client);
    }
    await client.flush({ timeout: "30s" });
    const { offered, refused, dropped, delivered, pending } = client.stats();
    equal([offered, refused.invalid, pending], [60, 6, 0]);
    equal(delivered + dropped.evicted, 54);
    equal((await plane.messages()).length, delivered);
  },

  async "wait-until"({ start, plane }) {
    const given = [];
    const client = start({ waitUntil: (promise) => given.push(promise), interval: 10 });
    client.track({ userId: "1", event: "E" });
    client.track({ userId: "1", event: "E" });
    equal(given.length, 1);
    await given[0];
    equal((await plane.messages()).length, 2);
  },

  async scope({ start, plane }) {
    const client = start();
    await Promise.all(
      range(10).map((i) =>
        client.withContext({ n: i }, async () => {
          await new Promise((resolve) => setTimeout(resolve, i % 3));
          client.track({ userId: "1", event: "E", properties: { i } });
        }),
      ),
    );
    client.track({ userId: "1", event: "Outside", properties: {} });
    await client.flush();
    const messages = await plane.messages();
    equal(messages.length, 11);
    for (const { properties, context } of messages) equal(context.n, properties.i);
  },

  async durable({ start, plane, directory }) {
    if (directory === undefined) {
      throws(() => start({ durable: { directory: "events" } }));
      return;
    }
    await plane.otherwise(503);
    const durable = { directory };
    const first = start({ durable });
    const receipts = range(20).map((i) => first.track({ userId: String(i % 3), event: "E", properties: { i } }));
    for (const receipt of receipts) ok(await receipt.stored(), "stored");
    equal(await first.close({ timeout: 0 }), { delivered: 0, dropped: 0, pending: 20 });
    equal((await receipts[0].delivered()).status, "pending");
    await plane.otherwise(200);
    const second = start({ durable });
    second.track({ userId: "0", event: "E", properties: { i: 20 } });
    equal(await second.flush(), { delivered: 21, dropped: 0, pending: 0 });
    const messages = await plane.messages();
    for (const user of ["0", "1", "2"]) {
      const own = messages.filter(({ userId }) => userId === user).map(({ properties }) => properties.i);
      equal(own, [...range(20).filter((i) => String(i % 3) === user), ...(user === "0" ? [20] : [])]);
    }
    equal(
      messages
        .slice(0, 20)
        .map(({ messageId }) => messageId)
        .sort(),
      receipts.map(({ messageId }) => messageId).sort(),
    );
    ok(!(await first.track({ userId: "0", event: "E" }).stored()), "a closed client stores nothing");
  },
};

function balance(client) {
  const { offered, accepted, refused, delivered, dropped, pending } = client.stats();
  const sum = (counts) => Object.values(counts).reduce((all, count) => all + count, 0);
  equal(offered, accepted + sum(refused));
  equal(accepted, delivered + sum(dropped) + pending);
}

function range(count) {
  return Array.from({ length: count }, (_, i) => i);
}

function without(fields) {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function ok(value, what) {
  if (!value) throw new Error(`not so: ${what}`);
}

function equal(found, expected) {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
  if (a !== b) throw new Error(`found ${a}, expected ${b}`);
}

function throws(run) {
  try {
    run();
  } catch {
    return;
  }
  throw new Error("it did not throw");
}
