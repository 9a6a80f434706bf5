import type { DamageFound, Inspection } from "./inspect.ts";

/**
 * An inspection as text for a terminal, ending in a line break. Times are in UTC. `now` is
 * milliseconds since 1970.
 */
export function renderInspection(inspection: Inspection, now: number): string {
  const { directory, start, end, bytes, segments, damage, ahead, consumers } = inspection;
  const lines = [
    directory,
    `offsets ${start} to ${end} (exclusive), ${segments.length} segments, ${size(bytes)}`,
    "",
    ...table(
      ["segment", "offsets", "records", "size", "first record", "last record"],
      segments.map((segment) => [
        segment.file + (segment.active ? " (active)" : ""),
        `${segment.base}..${segment.next}`,
        String(segment.records ?? "-"),
        size(segment.bytes),
        time(segment.firstTime ?? (segment.active ? undefined : segment.created)),
        time(segment.lastTime),
      ]),
    ),
  ];
  if (ahead.length > 0) lines.push("", `written ahead: ${ahead.join(", ")}`);
  if (consumers.length > 0) {
    const rows = consumers.map(({ group, low, finishedAbove, behind, since }) => [
      group,
      String(low),
      String(finishedAbove),
      String(behind),
      since === undefined ? "-" : `${Math.max(0, (now - since) / 1000).toFixed(0)} s`,
    ]);
    lines.push("", ...table(["consumer", "position", "finished above", "behind", "for"], rows));
  }
  lines.push("", damage.length === 0 ? "no damage" : `damage: ${damage.length}`, ...damage.map(renderDamage));
  return `${lines.join("\n")}\n`;
}

function renderDamage(damage: DamageFound): string {
  const { kind, file, position, bytes, from, to, acknowledged } = damage;
  const what = {
    record: `record ${from} is damaged`,
    bytes: `unreadable; records ${from}..${to} (exclusive) may have been there`,
    header: "header is damaged",
    missing: `records ${from}..${to} (exclusive) are missing`,
  }[kind];
  const doubt = acknowledged ? "" : "; perhaps what an interrupted write left, never acknowledged";
  return `  ${file} at byte ${position}, ${bytes} bytes: ${what}${doubt}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  return all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  );
}

function size(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  let value = bytes;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

function time(value: number | undefined): string {
  return value === undefined ? "-" : new Date(value).toISOString().replace(".000Z", "Z");
}
