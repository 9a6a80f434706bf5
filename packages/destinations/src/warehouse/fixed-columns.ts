/**
 * Columns that win over client fields of the same name, even if the event has no value for them.
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

/** The additional columns of each type's tables. */
const byType: ReadonlyMap<unknown, ReadonlySet<string>> = new Map(
  Object.entries({
    track: ["event", "event_text"],
    page: ["name"],
    screen: ["name"],
    group: ["group_id"],
    alias: ["previous_id"],
  }).map(([type, names]) => [type, new Set([...commonColumns, ...names])]),
);

/** The columns that no key of an event can take. */
export function fixedColumns(type: unknown): ReadonlySet<string> {
  return byType.get(type) ?? common;
}
