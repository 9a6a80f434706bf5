import type { DeliveredEvent } from "@pintle/events/gateway";
import type { Note } from "./adjustment.ts";
import { refuse } from "./refusal.ts";

/** The times that a service takes, milliseconds before and after now. */
export interface TimeWindow {
  /** @default any time ago */
  readonly past?: number;
  /** @default 0 */
  readonly future?: number;
}

const minute = 60_000;
const units: readonly (readonly [name: string, milliseconds: number])[] = [
  ["days", 24 * 60 * minute],
  ["hours", 60 * minute],
  ["minutes", minute],
];

/**
 * The time of an event for a service that takes none from long ago, milliseconds since the epoch.
 * One in the future, by a clock that is fast, becomes the latest time that the service takes, which
 * is noted as `future`.
 *
 * @param now milliseconds since the epoch
 * @throws an error that makes the event a dead letter with the reason `too_old`, if it is from
 * before the window
 */
export function window(event: DeliveredEvent, now: number, { past, future = 0 }: TimeWindow, note?: Note): number {
  const time = Date.parse(event.timestamp);
  if (Number.isNaN(time)) throw refuse("invalid_value", "timestamp: no time");
  if (past !== undefined && time < now - past) {
    throw refuse("too_old", `timestamp: ${inWords(now - time)} ago, the service takes ${inWords(past)}`);
  }
  if (time <= now + future) return time;
  note?.("future", "timestamp");
  return now + future;
}

function inWords(milliseconds: number): string {
  const [name, unit] = units.find(([, unit]) => milliseconds >= 2 * unit) ?? ["seconds", 1000];
  return `${Math.round((10 * milliseconds) / unit) / 10} ${name}`;
}
