import { readTime } from "@pintle/events";
import type { DeliveredEvent } from "@pintle/events/gateway";
import { Cells } from "./cells.ts";
import type { EventDiscards } from "./event-discards.ts";
import type { RowRules } from "./row-rules.ts";
import { textOf } from "./text.ts";
import { isDateTime } from "./types.ts";

/** Where events come from. */
export interface RowSource {
  readonly id: string;
  readonly type: string;
}

/** Common columns of a user's row, besides those of the source and of the context. */
const userColumns: readonly string[] = [
  "sent_at",
  "timestamp",
  "received_at",
  "original_timestamp",
  "context_ip",
  "context_request_ip",
  "context_passed_ip",
];

/** The columns that every event has, except those of its source and of `context`. */
export function commonCells(
  event: DeliveredEvent,
  id: string,
  table: string,
  { shapes }: RowRules,
  discards: EventDiscards,
): Cells {
  const cells = new Cells(shapes);
  const ip = (event.context as { ip?: unknown } | null | undefined)?.ip;
  const time = (name: string, value: unknown): void => {
    // As the gateway leaves it; a transformation may leave anything.
    const text = typeof value === "string" && isDateTime(value) ? value : readTime(value)?.text;
    if (text !== undefined) cells.add(name, text, "datetime");
    else if (textOf(value) !== undefined) discards.add(table, name, textOf(value)!, "type");
  };
  cells.add("id", id, "string");
  addText(cells, "anonymous_id", event.anonymousId);
  addText(cells, "user_id", event.userId);
  time("sent_at", event.sentAt);
  time("timestamp", event.timestamp);
  time("received_at", event.receivedAt);
  time("original_timestamp", event.originalTimestamp);
  addText(cells, "channel", event.channel);
  addText(cells, "context_ip", textOf(ip) ?? event.request_ip);
  addText(cells, "context_request_ip", event.request_ip);
  addText(cells, "context_passed_ip", ip);
  return cells;
}

/** The columns that name the source and the destination: the same for every event of a source. */
export function sourceCells({ id, type }: RowSource, { kept, shapes, destinationId, dialect }: RowRules): Cells {
  return kept.sources.get(`${type} ${id}`, () => {
    const cells = new Cells(shapes);
    cells.add("context_source_id", id, "string");
    cells.add("context_source_type", type, "string");
    cells.add("context_destination_id", destinationId, "string");
    cells.add("context_destination_type", dialect.name, "string");
    return cells;
  });
}

/** The name of a track, in snake case and as it was sent. */
export function nameCells(name: string | undefined, sent: string, { kept, shapes }: RowRules): Cells {
  return kept.events.get(name === undefined ? ` ${sent}` : sent, () => {
    const cells = new Cells(shapes);
    if (name !== undefined) cells.add("event", name, "string");
    if (sent !== "") cells.add("event_text", sent, "string");
    return cells;
  });
}

/** The common columns of a user's row. */
export function userCells(user: string, common: Cells, { shapes }: RowRules): Cells {
  const cells = new Cells(shapes);
  cells.add("id", user, "string");
  for (const name of userColumns) {
    const at = common.names.indexOf(name);
    if (at >= 0) cells.add(name, common.values[at]!, common.types[at]!);
  }
  return cells;
}

/** Adds a column of text, whatever the client sent. */
export function addText(cells: Cells, name: string, value: unknown): void {
  const text = textOf(value);
  if (text !== undefined) cells.add(name, text, "string");
}
