import type { Place, PlacedPosition, Position } from "@pintle/kit";
import { FencedError } from "./fenced-error.ts";
import { qualified, quoted } from "./identifier.ts";
import type { Statements } from "./session.ts";

/** No name made from an event's contains `$`. */
const progressTable = "pintle$progress";

/**
 * The table with a row for each destination, topic and partition, moved in the transactions that
 * load rows. Its protocol is specified in docs/warehouse.md.
 */
export class ProgressTable {
  readonly schema: string;
  readonly #destination: string;
  readonly #writer: string;
  readonly #claimed = new Set<string>();

  /**
   * @param destination id of the destination
   * @param writer identity of this process's connection
   */
  constructor(schema: string, destination: string, writer: string) {
    this.schema = schema;
    this.#destination = destination;
    this.#writer = writer;
  }

  get #name(): string {
    return qualified(this.schema, progressTable);
  }

  /** Makes the table where it is missing; `schema` exists. */
  async create(statements: Statements): Promise<void> {
    await statements.run(
      `CREATE TABLE IF NOT EXISTS ${this.#name} (
        destination text, topic text, partition integer, log text NOT NULL, low bigint NOT NULL, finished text NOT NULL,
        writer text NOT NULL, revision bigint NOT NULL, moved_at timestamptz NOT NULL,
        PRIMARY KEY (destination, topic, partition))`,
    );
  }

  /**
   * Where the destination stands: `otherwise` where the row is another log's, `anew` where there is
   * none. The first call for a place claims it; later ones read it again, and wait for a commit
   * that is under way.
   *
   * @throws FencedError when somebody else has claimed it since
   */
  async read(statements: Statements, place: Place, otherwise: Position, anew: Position): Promise<Position> {
    const key = [this.#destination, place.topic, place.partition];
    const { rows } = await statements.query(
      `SELECT low, finished, writer FROM ${this.#name}
        WHERE destination = $1 AND topic = $2 AND partition = $3 FOR UPDATE`,
      key,
    );
    const row = rows[0];
    if (row !== undefined && this.#claimed.has(keyOf(place))) {
      if (row.writer !== this.#writer) throw fenced(place);
      return positionIn(row);
    }
    // Two processes that find no row both try to insert one; the second waits for the first, and
    // takes over from it.
    const claimed = await statements.query(
      `INSERT INTO ${this.#name} AS old VALUES ($1, $2, $3, $4, $8, $9, $5, 1, now())
        ON CONFLICT (destination, topic, partition) DO UPDATE SET log = $4, writer = $5, revision = old.revision + 1,
          low = CASE WHEN old.log = $4 THEN old.low ELSE $6 END,
          finished = CASE WHEN old.log = $4 THEN old.finished ELSE $7 END, moved_at = now()
        RETURNING low, finished`,
      [...key, place.log, this.#writer, ...[otherwise, anew].flatMap(valuesOf)],
    );
    this.#claimed.add(keyOf(place));
    return positionIn(claimed.rows[0]!);
  }

  /**
   * Moves a row on, in the transaction of the rows that it speaks of.
   *
   * @throws FencedError when somebody else has claimed the row; Error when it is not where the move
   * begins
   */
  async move(statements: Statements, { place, from, position }: PlacedPosition): Promise<void> {
    const key = [this.#destination, place.topic, place.partition];
    const { rowCount } = await statements.query(
      `UPDATE ${this.#name} SET low = $5, finished = $6, revision = revision + 1, moved_at = now()
        WHERE destination = $1 AND topic = $2 AND partition = $3 AND writer = $4 AND low = $7 AND finished = $8`,
      [...key, this.#writer, position.low, encodeFinished(position.finished), from.low, encodeFinished(from.finished)],
    );
    if (rowCount === 1) return;
    const { rows } = await statements.query(
      `SELECT writer FROM ${this.#name} WHERE destination = $1 AND topic = $2 AND partition = $3`,
      key,
    );
    if (rows[0] !== undefined && rows[0].writer !== this.#writer) throw fenced(place);
    throw new Error(`the progress of ${keyOf(place)} is not where this batch begins: the batch before it failed`);
  }
}

function valuesOf({ low, finished }: Position): [low: number, finished: string] {
  return [low, encodeFinished(finished)];
}

function positionIn(row: Readonly<Record<string, unknown>>): Position {
  return { low: Number(row.low), finished: decodeFinished(String(row.finished)) };
}

function keyOf({ topic, partition }: Place): string {
  return `${topic} ${partition}`;
}

function fenced(place: Place): FencedError {
  return new FencedError(
    `the progress of ${keyOf(place)} was moved by another process: is a second data plane loading for this destination?`,
  );
}

/** `5:0-99,120-130;6:3`: of each offset the ranges of indices. */
export function encodeFinished(finished: Position["finished"]): string {
  const parts: string[] = [];
  for (let at = 0; at < finished.length; ) {
    const offset = finished[at]![0];
    const ranges: string[] = [];
    while (at < finished.length && finished[at]![0] === offset) {
      const first = finished[at]![1];
      let last = first;
      at++;
      while (at < finished.length && finished[at]![0] === offset && finished[at]![1] === last + 1) {
        last++;
        at++;
      }
      ranges.push(first === last ? String(first) : `${first}-${last}`);
    }
    parts.push(`${offset}:${ranges.join(",")}`);
  }
  return parts.join(";");
}

/** @throws Error when the text is not of that form */
export function decodeFinished(text: string): [offset: number, index: number][] {
  if (text === "") return [];
  if (!/^(?:\d+:\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*(?:;|$))+$/.test(text))
    throw new Error(
      `The column finished of ${quoted(progressTable)} cannot be read: ${JSON.stringify(text.slice(0, 100))}`,
    );
  return text.split(";").flatMap((part) => {
    const [offset, ranges] = part.split(":") as [string, string];
    return ranges.split(",").flatMap((range) => {
      const [first, last = first] = range.split("-").map(Number) as [number, number?];
      return Array.from({ length: last! - first + 1 }, (_, step): [number, number] => [Number(offset), first + step]);
    });
  });
}
