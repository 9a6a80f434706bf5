import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import { destinationTypes } from "@pintle/destinations";
import type { Answer, EventSource, HttpRequest, Outcome, Sender } from "@pintle/destinations/kit";
import { completeEvent, type DeliveredEvent } from "@pintle/events/gateway";
import { loadConfigApart } from "../config/apart/load-apart.ts";
import type { Config, Destination } from "../config/config.ts";
import { configNames, findConfig } from "../config/load-config.ts";
import { loadOwnTypes, type OwnTypes } from "../config/own-types.ts";
import { lockForDestination } from "../destination-lock.ts";
import { ServerError } from "../errors.ts";
import { systemClock } from "../router/clock.ts";
import type { Staged } from "../router/stage.ts";
import { Transformation } from "../router/transform/transformation.ts";
import { version } from "../version.ts";
import type { Command, CommandCall, CommandContext } from "./command.ts";
import { interruptible } from "./interruptible.ts";
import { shortPath } from "./short-path.ts";
import { configTimeoutFlag, configTimeoutOf } from "./start-options.ts";
import { nouns } from "./table.ts";

export const check: Command = {
  name: "check",
  summary: "Checks a configuration; with --send, sends a test event to each destination and shows what happens.",
  arguments: [],
  flags: {
    config: { value: "FILE", description: "the configuration (default: pintle.config.ts, .js, .mjs or .json here)" },
    "config-timeout": configTimeoutFlag,
    send: { description: "send one test event to each enabled destination, and show request and answer" },
  },
  run: runCheck,
};

async function runCheck({ flags }: CommandCall, context: CommandContext): Promise<number> {
  const file = flags.config ?? findConfig(context.directory);
  if (file === undefined) {
    throw new ServerError(
      "CONFIG_NOT_FOUND",
      `there is none of ${configNames.join(", ")} here (name one: --config FILE)`,
    );
  }
  const path = resolve(context.directory, file);
  const shownAs = shortPath(path, context.directory);
  const limit = configTimeoutOf(flags);
  const config = await interruptible((signal) =>
    loadConfigApart(path, { environment: context.environment, shownAs, limit, signal }),
  );
  const { sources, destinations } = config;
  context.print(
    `${shownAs} is sound: ${nouns(sources.length, "source")}, ${nouns(destinations.length, "destination")}`,
  );
  for (const line of config.omitted ?? []) context.print(`not carried over: ${line}`);
  for (const line of config.warnings) context.print(`warning: ${line}`);
  if (flags.send === undefined) return 0;

  // Functions do not come over from the process in which it was loaded. What has just come to its end there will here.
  const ownTypes = await loadOwnTypes(destinations.filter(({ enabled }) => enabled));
  let failed = false;
  for (const destination of destinations) {
    context.print("");
    if (!destination.enabled) {
      context.print(`${destination.name} (${destination.type}): not enabled, nothing is sent`);
      continue;
    }
    const trial = await sendTo(destination, config, ownTypes);
    for (const line of linesOf(destination, trial)) context.print(config.redact(line));
    failed ||= trial.outcome !== "filtered" && trial.outcome.outcome !== "delivered";
  }
  return failed ? 1 : 0;
}

interface Trial {
  readonly exchanges: readonly Exchange[];
  readonly outcome: Pick<Outcome, "outcome" | "reason" | "detail"> | "filtered";
}

/** One request, and what came of it. */
interface Exchange {
  readonly request: HttpRequest;
  answer?: Answer;
  error?: unknown;
}

/** What becomes of the test event on its way through the transformation; without one it stays as it is. */
async function transformed({ name, transform }: Destination, source: EventSource): Promise<Staged> {
  const event = testEvent();
  if (transform === undefined) return { kind: "deliver", events: [event] };
  const stage = new Transformation({ ...transform, destination: name, clock: systemClock });
  try {
    const [staged] = await stage.run([event], [source]);
    return staged!;
  } finally {
    await stage.close();
  }
}

async function sendTo(destination: Destination, config: Config, ownTypes: OwnTypes): Promise<Trial> {
  const { id, type: typeName, settings } = destination;
  const type = (ownTypes.get(typeName) ?? destinationTypes.get(typeName))!;
  const exchanges: Exchange[] = [];
  const connected = config.sources.find(({ destinations }) => destinations.includes(id));
  const source = { id: connected?.id ?? "check", name: connected?.name ?? "check" };
  try {
    const staged = await transformed(destination, source);
    if (staged.kind === "filtered") return { exchanges, outcome: "filtered" };
    if (staged.kind === "dead") {
      return { exchanges, outcome: { outcome: "dead", reason: staged.reason, detail: staged.detail } };
    }
    const connection = await type.open(type.settings.parse(settings), {
      directory: config.directory,
      now: () => Date.now(),
      userAgent: `Pintle/${version}`,
      destinationId: id,
      lock: lockForDestination,
      // Around the destination's own sender, which may refuse addresses.
      watch: (sender) => watched(sender, exchanges),
    });
    try {
      // Without a commit: a test has no place in the log, so no position is touched.
      const outcomes: Outcome[] = [];
      // One by one, as not every destination takes several at once.
      for (const event of staged.events) {
        outcomes.push(...(await connection.deliver([event], { sources: [source] })));
      }
      const failed = outcomes.find(({ outcome }) => outcome !== "delivered");
      return { exchanges, outcome: failed ?? outcomes[0] ?? { outcome: "dead", reason: "no_outcome" } };
    } finally {
      await connection.close();
    }
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { exchanges, outcome: { outcome: "retry", reason: "open", detail } };
  }
}

/** A track that says what it is, so that nobody takes it for somebody's doing. */
function testEvent(): DeliveredEvent {
  const now = Date.now();
  return completeEvent(
    {
      type: "track",
      event: "Pintle Test",
      userId: "pintle-check",
      properties: { test: true },
      context: { library: { name: "pintle check", version } },
    },
    {
      receivedAt: now,
      requestIp: "127.0.0.1",
      type: undefined,
      messageId: `pintle-check-${randomUUID()}`,
      batchSentAt: undefined,
    },
  );
}

function watched(sender: Sender, exchanges: Exchange[]): Sender {
  return {
    async send(request, limits) {
      const exchange: Exchange = { request };
      exchanges.push(exchange);
      try {
        exchange.answer = await sender.send(request, { ...limits, successes: true });
        return exchange.answer;
      } catch (error) {
        exchange.error = error;
        throw error;
      }
    },
    close: () => sender.close(),
  };
}

function linesOf({ name, type }: Destination, { exchanges, outcome }: Trial): string[] {
  const lines = [`${name} (${type})`];
  for (const { request, answer, error } of exchanges) {
    lines.push(`  > ${request.method} ${request.url}`);
    for (const [header, value] of Object.entries(request.headers)) lines.push(`  > ${header}: ${value}`);
    if (request.body !== undefined) lines.push("  >", ...bodyLines(request.body).map((line) => `  > ${line}`));
    if (answer !== undefined) {
      lines.push(`  < ${answer.status}`);
      for (const [header, value] of Object.entries(answer.headers)) lines.push(`  < ${header}: ${value}`);
      if (answer.body !== "") lines.push("  <", ...bodyLines(answer.body).map((line) => `  < ${line}`));
    } else if (error !== undefined) {
      lines.push(`  ! ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (outcome === "filtered") return [...lines, "  its transformation filters the test event, so nothing is sent"];
  const detail = outcome.detail === undefined ? "" : `: ${outcome.detail}`;
  if (outcome.outcome === "delivered") lines.push("  it has the test event");
  else if (outcome.outcome === "retry")
    lines.push(`  not delivered, it would be tried again (${outcome.reason}${detail})`);
  else lines.push(`  refused, it would become a dead letter (${outcome.reason}${detail})`);
  return lines;
}

function bodyLines(body: string | Uint8Array): string[] {
  if (typeof body === "string") return body.split("\n");
  const isGzip = body[0] === 0x1f && body[1] === 0x8b;
  return isGzip ? [`(${body.length} bytes, compressed)`] : Buffer.from(body).toString("utf8").split("\n");
}
