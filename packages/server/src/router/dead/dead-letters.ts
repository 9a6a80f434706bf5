import type { Engine, EngineRecord } from "../../engine/engine.ts";
import {
  type DeadFact,
  type DeadLetter,
  type DeadVerdict,
  deadRecord,
  decodeDeadLetter,
  type LetterFacts,
} from "../../records/dead-letter.ts";
import type { LaterFilterResult } from "../filter/filter.ts";
import { Tally } from "../ledger/tally.ts";
import { type DeadQuery, matchesFacts, matchesUser } from "./query.ts";

/** What one can decide about letters. */
export type DeadDecision = "replayed" | "purged";

/** How letters are replayed. */
export interface Replaying {
  /**
   * What becomes of a letter: it is given, or it is filtered, or without a known type it stays what
   * it is.
   */
  fate(letter: DeadLetter): LaterFilterResult;
  /**
   * Gives letters to the destination. Only if it resolves the verdict on them is written. So a
   * crash leaves letters that were given without a verdict, and never the other way round.
   */
  give(letters: readonly DeadLetter[]): Promise<void>;
  /** Counts letters that are filtered, for this reason; called when that is durable. */
  filtered(reason: LaterFilterResult, count: number): void;
}

/** What became of the letters that were meant. */
export interface Settled {
  /** Letters that were replayed, or purged. */
  readonly settled: number;
  /** Letters that are not for the destination any more, by reason. They are decided about, too. */
  readonly filtered: Readonly<Record<string, number>>;
  /** Letters that cannot be replayed and stay, by their reason. */
  readonly left: Readonly<Record<string, number>>;
}

/** A letter in a list. */
export interface ListedLetter extends LetterFacts {
  /** The letter's number: its offset in the topic. */
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
  readonly verdict?: Omit<DeadVerdict, "letters">;
}

/** Reasons of letters that stand for records, and hold no event. */
const eventless: ReadonlySet<string> = new Set(["record", "retention"]);

/**
 * Letters that one record of verdicts names at most, and that are replayed at a time; and their
 * bytes, unless it is one letter.
 */
const mostAtOnce = 100;
const mostBytesAtOnce = 1 << 20;

/**
 * The dead letters of all destinations, for who wants to look at them or to decide about them. A
 * verdict is a further record in the topic (docs/router.md): what has one is neither listed nor
 * decided about again, and goes when retention takes it.
 *
 * Which letters are open is kept for each topic that was asked for, and what has come since is read
 * first; then the open ones are read, from the oldest on: letters are few, or somebody should know
 * of it soon.
 */
export class DeadLetters {
  readonly #engine: Engine;
  readonly #wall: () => number;
  /** Letters by destination id. */
  readonly #open = new Map<string, OpenLetters>();
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
    return this.#inTurn(async () => (await this.#openLetters(destinationId)).toJSON());
  }

  /**
   * A letter, whole, whatever was decided about it; `undefined` when there is none with this
   * number.
   */
  show(destinationId: string, letter: number): Promise<ShownLetter | undefined> {
    return this.#inTurn(async () => {
      let found: DeadLetter | undefined;
      let verdict: ShownLetter["verdict"];
      // Verdicts stand behind their letters.
      for await (const record of this.#engine.scan(topicOf(destinationId), { from: letter })) {
        if (record.offset === letter) found = decodeDeadLetter(record);
        if (found === undefined) return undefined;
        const fact = deadRecord.decode(record);
        if (fact?.kind === "verdict" && fact.letters.includes(letter)) {
          const { verdict: word, reason, at } = fact;
          verdict = { verdict: word, at, ...(reason === undefined ? {} : { reason }) };
        }
      }
      if (found === undefined) return undefined;
      return { letter, ...found, ...(verdict === undefined ? {} : { verdict }) };
    });
  }

  /**
   * Takes the letters that are meant and have no verdict off the list for good. That is durable
   * when it resolves.
   */
  purge(destinationId: string, query: DeadQuery): Promise<Settled> {
    return this.#settle(destinationId, query, async (letters) => {
      await this.#decide(destinationId, letters, "purged");
      return { settled: letters.length };
    });
  }

  /**
   * Replays the letters that are meant and have no verdict. What is decided is durable when it
   * resolves.
   */
  replay(destinationId: string, query: DeadQuery, how: Replaying): Promise<Settled> {
    return this.#settle(destinationId, query, async (letters) => {
      const byFate = new Map<LaterFilterResult, NumberedLetter[]>();
      for (const letter of letters) {
        // A record that cannot be taken apart, or is gone, leaves no event to replay; its letter is
        // kept to be looked at.
        const fate = eventless.has(letter.reason) ? "type" : how.fate(letter);
        const same = byFate.get(fate);
        if (same === undefined) byFate.set(fate, [letter]);
        else same.push(letter);
      }
      const { deliver: given = [], type: left = [], ...filtered } = Object.fromEntries(byFate);
      if (given.length > 0) {
        await how.give(given.map(({ number: _number, ...letter }) => letter));
        await this.#decide(destinationId, given, "replayed");
      }
      for (const [reason, denied] of Object.entries(filtered)) {
        await this.#decide(destinationId, denied, "filtered", reason);
        how.filtered(reason as LaterFilterResult, denied.length);
      }
      return {
        settled: given.length,
        filtered: Object.entries(filtered).map(([reason, { length }]) => [reason, length]),
        left: left.map(({ reason }) => [reason, 1]),
      };
    });
  }

  /** Brings the letters that are meant to `act`, some at a time. */
  #settle(
    destinationId: string,
    query: DeadQuery,
    act: (letters: readonly NumberedLetter[]) => Promise<DecidedLetters>,
  ): Promise<Settled> {
    return this.#inTurn(async () => {
      let settled = 0;
      const filtered = new Tally();
      const left = new Tally();
      let letters: NumberedLetter[] = [];
      let bytes = 0;
      const decide = async (): Promise<void> => {
        if (letters.length === 0) return;
        const part = await act(letters);
        settled += part.settled;
        for (const [reason, count] of part.filtered ?? []) filtered.add(reason, count);
        for (const [reason, count] of part.left ?? []) left.add(reason, count);
        letters = [];
        bytes = 0;
      };
      await this.#eachOpen(destinationId, query, async (record) => {
        if (bytes + record.payload.length > mostBytesAtOnce) await decide();
        letters.push({ ...decodeDeadLetter(record)!, number: record.offset });
        bytes += record.payload.length;
        if (letters.length >= mostAtOnce) await decide();
      });
      await decide();
      return { settled, filtered: filtered.toJSON(), left: left.toJSON() };
    });
  }

  async #decide(
    destinationId: string,
    letters: readonly NumberedLetter[],
    verdict: DeadVerdict["verdict"],
    reason?: string,
  ): Promise<void> {
    const numbers = letters.map(({ number }) => number);
    const fact: DeadFact = { kind: "verdict", verdict, reason, at: this.#wall(), letters: numbers };
    await this.#engine.append(topicOf(destinationId), deadRecord.encode(fact));
  }

  async #eachOpen(
    destinationId: string,
    query: DeadQuery,
    take: (record: EngineRecord, facts: LetterFacts) => Promise<void>,
  ): Promise<void> {
    const open = await this.#openLetters(destinationId);
    if (open.first === undefined) return;
    for await (const record of this.#engine.scan(topicOf(destinationId), { from: open.first })) {
      if (record.offset >= open.position) return;
      if (!open.has(record.offset)) continue;
      const fact = deadRecord.decode(record);
      if (fact?.kind !== "letter") continue;
      const { kind: _kind, ...facts } = fact;
      if (!matchesFacts(record.offset, facts, query)) continue;
      if (query.user !== undefined && !matchesUser(decodeDeadLetter(record)!.event, query)) continue;
      await take(record, facts);
    }
  }

  /** The letters that have no verdict. Reads what has come since the last call. */
  async #openLetters(destinationId: string): Promise<OpenLetters> {
    const open = this.#open.get(destinationId) ?? new OpenLetters();
    this.#open.set(destinationId, open);
    const topic = topicOf(destinationId);
    const [range] = await this.#engine.ranges(topic);
    open.forget(range?.start ?? 0);
    for await (const record of this.#engine.scan(topic, { from: open.position })) {
      open.take(record.offset, deadRecord.decode(record));
    }
    return open;
  }

  /** One call at a time: a letter is decided about once. */
  #inTurn<T>(call: () => Promise<T>): Promise<T> {
    const called = this.#turn.then(call);
    this.#turn = called.catch(() => {});
    return called;
  }
}

/** Letters of one destination without a verdict, as far as the topic was read. */
class OpenLetters {
  position = 0;
  /** Number of a letter to the number of its reason: a few bytes for each. */
  readonly #open = new Map<number, number>();
  readonly #reasons: string[] = [];
  readonly #counts: number[] = [];

  take(offset: number, fact: DeadFact | undefined): void {
    this.position = offset + 1;
    if (fact?.kind === "verdict") for (const letter of fact.letters) this.#end(letter);
    else if (fact?.kind === "letter") {
      const { reason } = fact;
      let index = this.#reasons.indexOf(reason);
      if (index === -1) index = this.#reasons.push(reason) - 1;
      this.#counts[index] = (this.#counts[index] ?? 0) + 1;
      this.#open.set(offset, index);
    }
  }

  has(letter: number): boolean {
    return this.#open.has(letter);
  }

  /** The oldest one. */
  get first(): number | undefined {
    for (const letter of this.#open.keys()) return letter;
    return undefined;
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

interface NumberedLetter extends DeadLetter {
  readonly number: number;
}

/** What became of some letters; what is absent is none. */
interface DecidedLetters {
  readonly settled: number;
  readonly filtered?: readonly (readonly [reason: string, count: number])[];
  readonly left?: readonly (readonly [reason: string, count: number])[];
}

function topicOf(destinationId: string): string {
  return `dead.${destinationId}`;
}
