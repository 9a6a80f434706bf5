import type { Status } from "./status.ts";

type Labels = Readonly<Record<string, string>>;

interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge" | "summary";
  readonly help: string;
  /** Suffix of the name, labels, value. */
  readonly samples: readonly (readonly [suffix: string, labels: Labels, value: number])[];
}

/** The status in Prometheus' text format, version 0.0.4. Times are in seconds and sizes in bytes, as is the custom there. */
export function prometheusText(status: Status): string {
  return families(status).map(text).join("");
}

function families(status: Status): Family[] {
  const { destinations } = status;
  const counter = (name: string, help: string, samples: Family["samples"]): Family => ({
    name,
    type: "counter",
    help,
    samples,
  });
  const gauge = (name: string, help: string, samples: Family["samples"]): Family => ({
    name,
    type: "gauge",
    help,
    samples,
  });
  const each = (value: (destination: Status["destinations"][number]) => number): Family["samples"] =>
    destinations.map((destination) => ["", { destination: destination.id }, value(destination)]);
  const byReason = (counts: (destination: Status["destinations"][number]) => Readonly<Record<string, number>>) =>
    destinations.flatMap((destination) =>
      Object.entries(counts(destination)).map(
        ([reason, value]) => ["", { destination: destination.id, reason }, value] as const,
      ),
    );

  return [
    gauge("pintle_info", "The version that runs.", [["", { version: status.version }, 1]]),
    counter("pintle_events_accepted_total", "Events that were made durable and answered with ok.", [
      ["", {}, status.accepted],
    ]),
    counter("pintle_requests_accepted_total", "Requests that were answered with ok.", [["", {}, status.requests]]),
    counter("pintle_bytes_accepted_total", "Bytes of accepted bodies after decompression.", [["", {}, status.bytes]]),
    counter(
      "pintle_requests_refused_total",
      "Requests that were refused.",
      Object.entries(status.refused).map(([reason, value]) => ["", { reason }, value]),
    ),
    {
      name: "pintle_append_seconds",
      type: "summary",
      help: "Time from the hand-over to the engine until events were durable.",
      samples: [
        ["_sum", {}, status.append.milliseconds / 1000],
        ["_count", {}, status.append.count],
      ],
    },
    gauge("pintle_storage_open", "Whether the storage takes events.", [["", {}, status.storage === "open" ? 1 : 0]]),
    counter(
      "pintle_destination_delivered_total",
      "Events that the destination took.",
      each(({ delivered }) => delivered),
    ),
    counter(
      "pintle_destination_filtered_total",
      "Events that were not meant for the destination.",
      byReason(({ filtered }) => filtered),
    ),
    counter(
      "pintle_destination_duplicate_total",
      "Events that their client had sent before.",
      each(({ duplicate }) => duplicate),
    ),
    counter(
      "pintle_destination_retried_total",
      "Attempts that failed and are repeated.",
      each(({ retried }) => retried),
    ),
    counter(
      "pintle_destination_dead_total",
      "Events that were given up and kept as dead letters.",
      byReason(({ dead }) => dead),
    ),
    gauge(
      "pintle_destination_waiting",
      "Events that were accepted for the destination and have not ended.",
      each(({ waiting }) => waiting),
    ),
    gauge(
      "pintle_destination_lanes_waiting",
      "User keys that wait for another attempt while others go on, in memory.",
      each(({ lanesWaiting }) => lanesWaiting),
    ),
    gauge(
      "pintle_destination_lanes_parked",
      "User keys whose events wait in the retry topic.",
      each(({ lanesParked }) => lanesParked),
    ),
    gauge(
      "pintle_destination_lag_records",
      "Records of the log with an event that has not ended.",
      each(({ lag }) => lag.records),
    ),
    gauge(
      "pintle_destination_lag_seconds",
      "Age of the oldest event that has not ended.",
      each(({ lag }) => lag.seconds),
    ),
    gauge(
      "pintle_destination_up",
      "Whether the destination takes events.",
      each(({ state }) => (state === "closed" ? 1 : 0)),
    ),
  ];
}

function text({ name, type, help, samples }: Family): string {
  if (samples.length === 0) return "";
  const lines = samples.map(([suffix, labels, value]) => `${name}${suffix}${labelText(labels)} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n")}"`,
  );
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}
