import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { EventId } from "./running-file.ts";

const format = 1;

/** Above so many, the one that was suspected first is forgotten. */
const mostSuspects = 1000;

/**
 * Events that ran in a transformation when something ended that was not theirs to end: the whole
 * data plane, or their process by a signal from outside. Once may be chance. At the second time an
 * event is given up, so that a crash loop has an end.
 *
 * Kept in a file, which is written when something changes: as good as never.
 * docs/transformations.md specifies it.
 */
export class SuspectsFile {
  readonly #path: string | undefined;
  /** How often, by `keyOf`. */
  readonly #times: Map<string, number>;

  /** @param path absent: they are kept for this life only */
  constructor(path: string | undefined) {
    this.#path = path;
    this.#times = path === undefined ? new Map() : read(path);
  }

  /** The event ran when something ended. */
  suspect(id: EventId): void {
    const key = keyOf(id);
    const times = (this.#times.get(key) ?? 0) + 1;
    this.#times.delete(key);
    this.#times.set(key, times);
    const [first] = this.#times.keys();
    if (this.#times.size > mostSuspects && first !== undefined) this.#times.delete(first);
    this.#write();
  }

  /**
   * Whether the event is to be given up. It is said once: an event that comes again, because it is
   * replayed or because its letter was not written, gets another chance, and one only.
   */
  isGivenUp(id: EventId): boolean {
    if (this.#times.size === 0) return false;
    const key = keyOf(id);
    if ((this.#times.get(key) ?? 0) < 2) return false;
    this.#times.set(key, 1);
    this.#write();
    return true;
  }

  /** The event has run to its end. */
  clear(id: EventId): void {
    if (this.#times.size > 0 && this.#times.delete(keyOf(id))) this.#write();
  }

  #write(): void {
    if (this.#path === undefined) return;
    try {
      if (this.#times.size === 0) {
        rmSync(this.#path, { force: true });
        return;
      }
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
      const events = [...this.#times].map(([key, times]) => [...(JSON.parse(key) as string[]), times]);
      writeFileSync(`${this.#path}.new`, JSON.stringify({ v: format, events }), { mode: 0o600 });
      renameSync(`${this.#path}.new`, this.#path);
    } catch {
      // A full disk: this life knows them all the same.
    }
  }
}

function keyOf({ source, messageId }: EventId): string {
  return JSON.stringify([source, messageId]);
}

/** A file that cannot be read names nobody: an event more is run, none is lost. */
function read(path: string): Map<string, number> {
  try {
    const { v, events } = JSON.parse(readFileSync(path, "utf8")) as { v: unknown; events: [string, string, number][] };
    if (v !== format) return new Map();
    return new Map(events.map(([source, messageId, times]) => [keyOf({ source, messageId }), times]));
  } catch {
    return new Map();
  }
}
