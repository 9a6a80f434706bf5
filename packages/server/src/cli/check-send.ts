import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { loadDestinationTypes } from "@pintle/destinations";
import { letJsonTakeBigInt } from "@pintle/events";
import type { DeliveredEvent } from "@pintle/events/gateway";
import type { DestinationType, EventSource } from "@pintle/kit";
import { durationIn, type Hiding, hiding } from "@pintle/kit/values";
import type { DataPlaneConfig } from "../config/config.ts";
import { loadOwnTypes } from "../config/own-types.ts";
import { didYouMean } from "../config/suggestion.ts";
import { ServerError, systemReason } from "../errors.ts";
import type { Destination } from "../model/destination.ts";
import { filterEvent } from "../router/filter/filter.ts";
import { systemClock } from "../router/time/clock.ts";
import type { Transformed } from "../router/transform/event-transform.ts";
import { Transformation, type TransformationOptions } from "../router/transform/transformation.ts";
import type { CommandCall, CommandContext } from "./command.ts";
import { interruptible } from "./interruptible.ts";
import { type RecordedRequest, requestsOf, type SentTrial, send, type TrialPlan } from "./send-trial.ts";
import { configTimeoutOf } from "./start-options.ts";
import { nouns } from "./table.ts";
import { eventIn, nameOf, testEvent } from "./test-event.ts";

/** Why nothing goes out to a destination. */
interface Unsent {
  readonly destination: Destination;
  readonly lines: readonly string[];
  /** Whether that is a failure. */
  readonly failed: boolean;
}

/**
 * `pintle check --send`: says what goes where, asks on a terminal, sends, and resolves with the
 * exit code.
 */
export async function checkSend(call: CommandCall, context: CommandContext, config: DataPlaneConfig): Promise<number> {
  const { flags } = call;
  // As in the thread that delivers.
  letJsonTakeBigInt();
  const timeout = timeoutFlag(flags.timeout ?? "30s");
  const destinations = chosen(call.lists.destination, config.destinations);
  const event =
    flags.event === undefined
      ? testEvent(Date.now())
      : eventIn(resolve(context.directory, flags.event), flags.event, Date.now());
  const hidden = hiding(config.secrets);

  // Functions do not come over from the process in which the configuration was loaded.
  const limit = configTimeoutOf(flags);
  const ownTypes = await loadOwnTypes(
    destinations.filter(({ enabled }) => enabled),
    limit,
  );
  const types: Types = new Map([...(await loadDestinationTypes(destinations.map(({ type }) => type))), ...ownTypes]);
  const plans: TrialPlan[] = [];
  let failures = 0;
  for (const destination of destinations) {
    const planned = await plan(destination, types, config, { event, hidden, limit });
    if ("writes" in planned) plans.push(planned);
    else {
      context.print("");
      for (const line of planned.lines) context.print(hidden.words(line));
      if (planned.failed) failures++;
    }
  }
  context.print("");
  if (plans.length === 0) {
    context.print("nothing is to be sent");
    return failures === 0 ? 0 : 1;
  }
  context.print(`To be sent, ${hidden.words(nameOf(event))}:`);
  for (const { destination, writes } of plans) {
    for (const line of writes) context.print(`  ${destination.name} (${destination.type}): ${line}`);
  }
  if (flags.yes === undefined && context.ask !== undefined && !(await context.ask("Send it? [y/N] "))) {
    context.print("nothing was sent");
    return 1;
  }

  // A signal ends it once what was written is removed.
  return interruptible(async (signal) => {
    for (const each of plans) {
      if (signal.aborted) break;
      const sent = await send(each, { directory: config.directory, timeout, signal });
      context.print("");
      for (const line of sentLines(each, sent, hidden)) context.print(line);
      if ((sent.outcome.outcome !== "delivered" && sent.outcome.outcome !== "filtered") || sent.left !== undefined)
        failures++;
    }
    return failures === 0 ? 0 : 1;
  });
}

function timeoutFlag(text: string): number {
  const timeout = durationIn(text, 100, 3_600_000);
  if (timeout !== undefined) return timeout;
  throw new ServerError(
    "PINTLE_USAGE",
    `--timeout takes a time from 100ms to 1h, like 30s, not ${JSON.stringify(text)}`,
  );
}

/** @throws ServerError PINTLE_USAGE for a name that no destination has */
function chosen(names: readonly string[] | undefined, all: readonly Destination[]): readonly Destination[] {
  if (names === undefined) return all;
  const found = names.map((name) => {
    const destination = all.find((each) => each.name === name) ?? all.find((each) => each.id === name);
    if (destination !== undefined) return destination;
    const known = all.map((each) => each.name);
    const there = known.length === 0 ? "there are none" : `there are ${known.join(", ")}`;
    throw new ServerError(
      "PINTLE_USAGE",
      `--destination: no destination is called ${JSON.stringify(name)}${didYouMean(name, known)} (${there})`,
    );
  });
  return all.filter((destination) => found.includes(destination));
}

type Types = ReadonlyMap<string, DestinationType>;

async function plan(
  destination: Destination,
  types: Types,
  config: DataPlaneConfig,
  { event, hidden, limit }: { event: DeliveredEvent; hidden: Hiding; limit: number },
): Promise<TrialPlan | Unsent> {
  const { id, name } = destination;
  const called = `${name} (${destination.type})`;
  const unsent = (failed: boolean, ...lines: string[]): Unsent => ({ destination, lines, failed });
  if (!destination.enabled) return unsent(false, `${called}: not enabled, nothing is sent`);
  const type = types.get(destination.type)!;
  const { result } = filterEvent(event, {
    ...destination.filter,
    name,
    displayName: type.displayName,
    names: type.names,
  });
  if (result === "type") {
    return unsent(true, called, "  an event of this type would become a dead letter (type), so nothing is sent");
  }
  if (result !== "deliver") {
    const own = "another can be sent: --event FILE";
    return unsent(false, called, `  the test event would be filtered: ${result}, so nothing is sent (${own})`);
  }
  const connected = config.sources.find(({ destinations }) => destinations.includes(id));
  const source = { id: connected?.id ?? "check", name: connected?.name ?? "check" };
  try {
    const transformed = await transform(destination, event, source, {
      takesRequests: type.takesRequests === true,
      startLimit: limit,
    });
    if (transformed.kind === "filtered") {
      return unsent(false, called, "  its transformation filters the test event, so nothing is sent");
    }
    if (transformed.kind === "dead") return unsent(true, called, refusal(transformed.reason, transformed.detail));
    const { events } = transformed;
    const settings = type.settings.parse(destination.settings);
    const word = `pintle_check_${[...randomBytes(8)].map((byte) => String.fromCharCode(97 + (byte % 26))).join("")}`;
    const trial = await type.trial?.(settings, { directory: config.directory, word });
    const common = { destination, type, settings, events, source, trial };
    if (trial !== undefined) return { ...common, writes: [trial.writes] };
    if (type.isHttp !== true) {
      return { ...common, writes: [`${nouns(events.length, "event")}, to what its own code makes of it`] };
    }
    const requests = await requestsOf(common, config);
    const writes = requests.map((request) => {
      const { method, url } = hidden.request(request);
      return `${method} ${url}`;
    });
    return { ...common, writes: writes.length === 0 ? ["no request"] : writes };
  } catch (error) {
    return unsent(true, called, notDelivered("open", systemReason(error)));
  }
}

/**
 * What becomes of the test event on its way through the transformation; without one it stays as it
 * is.
 */
async function transform(
  { name, transform: settings }: Destination,
  event: DeliveredEvent,
  source: EventSource,
  options: Pick<TransformationOptions, "takesRequests" | "startLimit">,
): Promise<Transformed> {
  if (settings === undefined) return { kind: "deliver", events: [event] };
  const transformation = new Transformation({ ...settings, ...options, destination: name, clock: systemClock });
  try {
    const [transformed] = await transformation.run([event], [source]);
    return transformed!;
  } finally {
    await transformation.close();
  }
}

function sentLines(
  { destination, trial }: TrialPlan,
  { exchanges, outcome, counts, left }: SentTrial,
  hidden: Hiding,
): string[] {
  const lines = [
    `${destination.name} (${destination.type})`,
    ...exchanges.flatMap((each) => exchangeLines(each, hidden)),
  ];
  const detail = outcome.detail === undefined ? undefined : hidden.words(outcome.detail);
  if (outcome.outcome === "delivered" && !counts) {
    lines.push("  its service finds nothing wrong with the test event, which does not count there");
  } else if (outcome.outcome === "delivered") {
    lines.push(
      `  it has the test event${trial === undefined || left !== undefined ? "" : ", which was removed again"}`,
    );
  } else if (outcome.outcome === "filtered") {
    lines.push(`  its type has no use for the test event, which would be filtered: ${outcome.reason}`);
  } else if (outcome.outcome === "retry") lines.push(notDelivered(outcome.reason, detail));
  else lines.push(refusal(outcome.reason, detail));
  if (left !== undefined)
    lines.push(`  what was written could not be removed: ${hidden.words(left)} (${trial?.writes})`);
  return lines;
}

function exchangeLines({ request, answer, error }: RecordedRequest, hidden: Hiding): string[] {
  const shown = hidden.request(request);
  const lines = [`  > ${shown.method} ${shown.url}`];
  for (const [header, value] of Object.entries(shown.headers)) lines.push(`  > ${header}: ${value}`);
  if (request.body !== undefined) {
    const rest = shown.bytes === undefined ? [] : [`(the beginning of ${shown.bytes} bytes)`];
    const body = isGzip(request.body) ? [`(${request.body.length} bytes, compressed)`] : (shown.body ?? "").split("\n");
    lines.push("  >", ...[...body, ...rest].map((line) => `  > ${line}`));
  }
  if (answer !== undefined) {
    lines.push(`  < ${answer.status}`);
    for (const [header, value] of Object.entries(answer.headers)) lines.push(`  < ${header}: ${hidden.words(value)}`);
    if (answer.body !== "") lines.push("  <", ...answer.body.split("\n").map((line) => `  < ${hidden.words(line)}`));
  } else if (error !== undefined) lines.push(`  ! ${hidden.words(systemReason(error))}`);
  return lines;
}

function isGzip(body: string | Uint8Array): boolean {
  return typeof body !== "string" && body[0] === 0x1f && body[1] === 0x8b;
}

function notDelivered(reason: string, detail: string | undefined): string {
  return `  not delivered, it would be tried again (${reason}${detail === undefined ? "" : `: ${detail}`})`;
}

function refusal(reason: string, detail: string | undefined): string {
  return `  refused, it would become a dead letter (${reason}${detail === undefined ? "" : `: ${detail}`})`;
}
