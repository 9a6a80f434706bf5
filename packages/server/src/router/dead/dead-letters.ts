import type { Engine, EngineRecord } from "../../engine/engine.ts";
import { EngineError } from "../../engine/engine-error.ts";
import { allRecords } from "../all-records.ts";
import { type DeadLetter, decodeDeadLetter } from "../dead-letter.ts";
import { type DeadQuery, type LetterFacts, matchesFacts, matchesUser } from "./query.ts";

/** What was decided about a letter. */
export type DeadVerdict = "replayed" | "purged";

/** A letter in a list. */
export interface ListedLetter extends LetterFacts {
  /** Its number: the offset in the topic. */
  readonly letter: number;
}

export interface DeadList {
  /** The newest of those that are meant, oldest first. */
  readonly letters: readonly ListedLetter[];
  /** How many are meant, by reason. */
  readonly counts: Readonly<Record<string, number>>;
}

/** A whole letter, and what was decided about it. */
export interface ShownLetter extends DeadLetter {
  readonly letter: number;
  readonly verdict?: { readonly verdict: DeadVerdict; readonly at: number };
}

/** Letters that one record of verdicts names at most, and that are replayed at a time. */
const mostAtOnce = 100;

const format = 1;

/** What reads the topics: it has no progress of its own. */
const group = "dead-letters";

/**
 * The dead letters of all destinations, for who wants to look at them or to decide about them. A verdict is a further record in the
 * topic (docs/router.md): what has one is neither listed nor decided about again, and goes when retention takes it.
 *
 * A topic is read from its start with every call, header by header: letters are few, or somebody should know of it soon.
 */
export class DeadLetters {
  readonly #engine: Engine;
  readonly #wall: () => number;
  readonly #tallies = new Map<string, OpenTally>();
  #turn: Promise<unknown> = Promise.resolve();

  /** @param wall milliseconds since the epoch */
  constructor(engine: Engine, wall: () => number) {
    this.#engine = engine;
    this.#wall = wall;
  }

  /** The letters that are meant and have no verdict, the newest `limit` of them. */
  list(destinationId: string, query: DeadQuery, limit: number): Promise<DeadList> {
    return this.#inTurn(async () => {
      const letters: ListedLetter[] = [];
      const counts: Record<string, number> = {};
      await this.#eachOpen(destinationId, query, async (record, facts) => {
        counts[facts.reason] = (counts[facts.reason] ?? 0) + 1;
        letters.push({ letter: record.offset, ...facts });
        if (letters.length > limit) letters.shift();
      });
      return { letters, counts };
    });
  }

  /** How many letters have no verdict, by reason. Only what is new since the last call is read. */
  counts(destinationId: string): Promise<Record<string, number>> {
    return this.#inTurn(async () => {
      const tally = this.#tallies.get(destinationId) ?? new OpenTally();
      this.#tallies.set(destinationId, tally);
      const options = { from: tally.position, start: (start: number) => tally.forget(start) };
      for await (const record of allRecords(this.#engine, topicOf(destinationId), group, options)) {
        tally.take(record.offset, headerOf(record));
      }
      return tally.toJSON();
    });
  }

  /** A letter, whole, whatever was decided about it; `undefined` when there is none with this number. */
  show(destinationId: string, letter: number): Promise<ShownLetter | undefined> {
    return this.#inTurn(async () => {
      let found: DeadLetter | undefined;
      let verdict: ShownLetter["verdict"];
      for await (const record of this.#records(destinationId)) {
        if (record.offset === letter) found = decodeDeadLetter(record);
        const header = headerOf(record);
        if (isVerdict(header) && header.letters.includes(letter)) {
          verdict = { verdict: header.verdict, at: header.at };
        }
      }
      if (found === undefined) return undefined;
      return { letter, ...found, ...(verdict === undefined ? {} : { verdict }) };
    });
  }

  /**
   * Decides about the letters that are meant and have no verdict. What is decided is durable when it resolves.
   *
   * @param act is given the letters first, some at a time; only if it resolves the verdict on them is written. So a crash leaves letters
   * that were given to it without a verdict, and never the other way round
   * @returns how many there were
   */
  settle(
    destinationId: string,
    query: DeadQuery,
    verdict: DeadVerdict,
    act: (letters: readonly DeadLetter[]) => Promise<void> = async () => {},
  ): Promise<number> {
    return this.#inTurn(async () => {
      let settled = 0;
      let numbers: number[] = [];
      let letters: DeadLetter[] = [];
      const decide = async (): Promise<void> => {
        if (numbers.length === 0) return;
        await act(letters);
        const header = { v: format, kind: "verdict", verdict, at: this.#wall(), letters: numbers };
        await this.#engine.append(topicOf(destinationId), {
          header: Buffer.from(JSON.stringify(header)),
          payload: new Uint8Array(0),
        });
        settled += numbers.length;
        numbers = [];
        letters = [];
      };
      await this.#eachOpen(destinationId, query, async (record, facts) => {
        // Of a record that cannot be taken apart there are no events to replay; it is kept to be looked at.
        if (verdict === "replayed" && facts.reason === "record") return;
        numbers.push(record.offset);
        letters.push(decodeDeadLetter(record)!);
        if (numbers.length >= mostAtOnce) await decide();
      });
      await decide();
      return settled;
    });
  }

  async #eachOpen(
    destinationId: string,
    query: DeadQuery,
    take: (record: EngineRecord, facts: LetterFacts) => Promise<void>,
  ): Promise<void> {
    // Verdicts stand behind their letters.
    const decided = new Set<number>();
    for await (const record of this.#records(destinationId)) {
      const header = headerOf(record);
      if (isVerdict(header)) for (const letter of header.letters) decided.add(letter);
    }
    for await (const record of this.#records(destinationId)) {
      const header = headerOf(record);
      if (header.kind !== "letter" || decided.has(record.offset)) continue;
      const { v: _v, kind: _kind, ...facts } = header as unknown as LetterFacts & { v: number; kind: string };
      if (!matchesFacts(record.offset, facts, query)) continue;
      if (query.user !== undefined && !matchesUser(decodeDeadLetter(record)!.event, query)) continue;
      await take(record, facts);
    }
  }

  #records(destinationId: string): AsyncGenerator<EngineRecord> {
    return allRecords(this.#engine, topicOf(destinationId), group);
  }

  /** One call at a time: a letter is decided about once. */
  #inTurn<T>(call: () => Promise<T>): Promise<T> {
    const called = this.#turn.then(call);
    this.#turn = called.catch(() => {});
    return called;
  }
}

/** Letters of one destination without a verdict, as far as the topic was read. */
class OpenTally {
  position = 0;
  /** Number of a letter to the number of its reason: a few bytes for each. */
  readonly #open = new Map<number, number>();
  readonly #reasons: string[] = [];
  readonly #counts: number[] = [];

  take(offset: number, header: { readonly kind: unknown }): void {
    this.position = offset + 1;
    if (isVerdict(header)) for (const letter of header.letters) this.#end(letter);
    else if (header.kind === "letter") {
      const { reason } = header as unknown as LetterFacts;
      let index = this.#reasons.indexOf(reason);
      if (index === -1) index = this.#reasons.push(reason) - 1;
      this.#counts[index] = (this.#counts[index] ?? 0) + 1;
      this.#open.set(offset, index);
    }
  }

  /** Retention has taken everything below this offset. */
  forget(start: number): void {
    for (const letter of this.#open.keys()) {
      if (letter >= start) break;
      this.#end(letter);
    }
  }

  toJSON(): Record<string, number> {
    const entries = this.#reasons.map((reason, index): [string, number] => [reason, this.#counts[index]!]);
    return Object.fromEntries(entries.filter(([, count]) => count > 0));
  }

  #end(letter: number): void {
    const index = this.#open.get(letter);
    if (index === undefined) return;
    this.#open.delete(letter);
    this.#counts[index]!--;
  }
}

interface VerdictHeader {
  readonly kind: "verdict";
  readonly verdict: DeadVerdict;
  readonly at: number;
  readonly letters: readonly number[];
}

function isVerdict(header: { readonly kind: unknown }): header is VerdictHeader {
  return header.kind === "verdict";
}

/** @throws EngineError RECORD_TOO_NEW, RECORD_INVALID */
function headerOf({ header, offset }: EngineRecord): { readonly kind: unknown } {
  let value: { readonly v?: unknown; readonly kind?: unknown };
  try {
    value = JSON.parse(Buffer.from(header.buffer, header.byteOffset, header.byteLength).toString());
  } catch {
    throw new EngineError("RECORD_INVALID", `record ${offset} of the dead letters has no header in JSON`);
  }
  if (value.v !== format) {
    const message = `record ${offset} of the dead letters has format ${JSON.stringify(value.v)}, this version knows ${format}`;
    throw new EngineError("RECORD_TOO_NEW", message);
  }
  return { ...value, kind: value.kind };
}

function topicOf(destinationId: string): string {
  return `dead.${destinationId}`;
}
