/**
 * Columns that win over everything that clients call the same, also where an event has no value for
 * them.
 */
const commonColumns: readonly string[] = [
  "id",
  "anonymous_id",
  "user_id",
  "sent_at",
  "timestamp",
  "received_at",
  "original_timestamp",
  "channel",
  "context_ip",
  "context_request_ip",
  "context_passed_ip",
  "context_source_id",
  "context_source_type",
  "context_destination_id",
  "context_destination_type",
  "uuid_ts",
  "rudder_event",
];

const common: ReadonlySet<string> = new Set(commonColumns);

/** What the tables of a type have besides. */
const byType: ReadonlyMap<unknown, ReadonlySet<string>> = new Map(
  Object.entries({
    track: ["event", "event_text"],
    page: ["name"],
    screen: ["name"],
    group: ["group_id"],
    alias: ["previous_id"],
  }).map(([type, names]) => [type, new Set([...commonColumns, ...names])]),
);

/** The columns of an event that no key of it can have. */
export function fixedColumns(type: unknown): ReadonlySet<string> {
  return byType.get(type) ?? common;
}
