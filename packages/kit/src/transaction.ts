import type { Dead } from "./outcome.ts";

/** A partition of a topic of one log: where a consumer can stand. */
export interface Place {
  /**
   * Identity of the log. A place of another log has nothing to do with this one, even if topic and
   * partition are the same.
   */
  readonly log: string;
  readonly topic: string;
  readonly partition: number;
}

/**
 * The position of a consumer in a partition: every event of every record below `low` is finished,
 * and so are those in `finished`, which lists (offset, index of the event in its record) at or
 * above `low`, in this order.
 */
export interface Position {
  readonly low: number;
  readonly finished: ReadonlyArray<readonly [offset: number, index: number]>;
}

/** The next position of the destination in a partition. */
export interface PlacedPosition {
  readonly place: Place;
  /** The position before: a commit that finds a different position must fail. */
  readonly from: Position;
  readonly position: Position;
}

/**
 * The part of a transaction that a transactional destination commits together with the events of a
 * batch: both or neither.
 */
export interface Commit {
  /**
   * The positions to be stored with the events: where the destination stands once all of them are
   * finished.
   */
  readonly positions: readonly PlacedPosition[];
  /**
   * Gives up events of the batch, by their index in it. Resolves when their dead letters are
   * durable; the commit has to wait for that. The letter of an event whose outcome is `dead`
   * without this is written after the commit, and lost if the process dies between the two.
   */
  writeLetters(dead: ReadonlyMap<number, Dead>): Promise<void>;
}
