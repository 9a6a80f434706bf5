import { classifyAnswer, classifyError, type Outcome } from "@pintle/kit";
import { TimeoutError } from "@pintle/kit/values";
import { FakeClock } from "./fake-clock.ts";
import { FakeDestination } from "./fake-destination.ts";
import { seededRandom } from "./random.ts";
import { RouterHarness } from "./router-harness.ts";

/** What a simulated server answers: a status; `silence`: nothing; `undefined`: nobody listens. */
export type SimulatedAnswer = number | "silence" | undefined;

/** A destination's server on virtual time. */
export interface SimulatedServer {
  readonly answer: (now: number, random: () => number) => SimulatedAnswer;
  /** Milliseconds until it answers, at most; at least half of that. */
  readonly latency: number;
}

export interface Simulation {
  readonly seed: number;
  readonly events: number;
  readonly users: number;
  /** Events that are accepted each second, all at once if there are so many. */
  readonly perSecond: number;
  readonly server: SimulatedServer;
  /** @default 16, as of a webhook */
  readonly concurrency?: number;
}

/** What came of it, in milliseconds of virtual time. */
export interface Simulated {
  /** Milliseconds from the acceptance of each event to its delivery, in the order of the events. */
  readonly waits: readonly number[];
  /** When each delivery was made. */
  readonly deliveries: readonly number[];
  /** Requests to the destination, those that nobody heard included: when each was made. */
  readonly requests: readonly number[];
}

const perRecord = 100;
/** Milliseconds for a request, as a webhook's. */
const timeout = 10_000;

/**
 * The router from the log to one destination that takes an event at a time, on virtual time, until
 * everything is delivered.
 *
 * @throws when the events of a user do not arrive in their order, or one is given up
 */
export async function simulate({
  seed,
  events,
  users,
  perSecond,
  server,
  concurrency = 16,
}: Simulation): Promise<Simulated> {
  const random = seededRandom(seed);
  const clock = new FakeClock();
  const accepted = new Map<string, number>();
  const waits: number[] = [];
  const deliveries: number[] = [];
  const requests: number[] = [];
  const last = new Map<unknown, number>();
  const fake = new FakeDestination(async ([event]) => {
    requests.push(clock.now());
    const answer = server.answer(clock.now(), random);
    const delay = answer === "silence" ? timeout : Math.ceil((server.latency / 2) * (1 + random()));
    await new Promise<void>((answered) => clock.after(delay, answered));
    const outcome = outcomeOf(answer);
    if (outcome.outcome === "delivered") {
      const { messageId, userId } = event!;
      const number = Number(messageId.slice(1));
      if (number <= (last.get(userId) ?? -1)) throw new Error(`${messageId} came out of order`);
      last.set(userId, number);
      waits[number] = clock.now() - accepted.get(messageId)!;
      deliveries.push(clock.now());
    }
    return [outcome];
  });
  const harness = await RouterHarness.open({
    clock,
    random,
    destinations: { d: fake },
    settings: { d: { concurrency, maxAge: 259_200_000 } },
  });
  for (let first = 0; first < events; first += perRecord) {
    const record = Array.from({ length: Math.min(perRecord, events - first) }, (_, index) => {
      const messageId = `m${first + index}`;
      accepted.set(messageId, clock.now());
      return { messageId, userId: `u${Math.floor(random() * users)}` };
    });
    await harness.accept(record);
    if (perSecond < events) await clock.advance((perRecord * 1000) / perSecond);
  }
  while (deliveries.length < events) await clock.advance(1000);
  const { delivered, dead } = await harness.status("d");
  if (delivered !== events || Object.keys(dead).length > 0) throw new Error("Some events were given up");
  await harness.close();
  return { waits, deliveries, requests };
}

function outcomeOf(answer: SimulatedAnswer): Outcome {
  if (answer === "silence") return classifyError(new TimeoutError(`no complete answer within ${timeout} ms`));
  if (answer === undefined) return classifyError(Object.assign(new Error("refused"), { code: "ECONNREFUSED" }));
  return classifyAnswer({ status: answer, headers: {}, body: "" }, 0);
}
