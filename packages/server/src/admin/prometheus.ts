import type { Status } from "./status.ts";

type Labels = Readonly<Record<string, string>>;

interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram" | "summary";
  readonly help: string;
  /** Suffix of the name, labels, value. */
  readonly samples: readonly (readonly [suffix: string, labels: Labels, value: number])[];
}

/**
 * The status in Prometheus' text format, version 0.0.4. Times are in seconds and sizes in bytes, as
 * is the custom there.
 */
export function prometheusText(status: Status): string {
  return families(status).map(text).join("");
}

const states: readonly Status["destinations"][number]["state"][] = ["closed", "open", "half-open", "stopped"];

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
    counter(
      "pintle_source_oddities_total",
      "What is odd about the requests of a source.",
      Object.entries(status.oddities).flatMap(([source, counts]) =>
        Object.entries(counts).map(([kind, value]) => ["", { source, kind }, value] as const),
      ),
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
    gauge("pintle_router_up", "Whether the router runs.", [["", {}, status.router.state === "running" ? 1 : 0]]),
    gauge("pintle_memory_bytes", "What the events of all destinations may take in memory.", [
      ["", {}, status.memory.bytes],
    ]),
    gauge("pintle_memory_held_bytes", "What they are charged with.", [["", {}, status.memory.held]]),
    gauge("pintle_memory_body_bytes", "Bodies of requests that are being received or written.", [
      ["", {}, status.memory.bodies],
    ]),
    gauge("pintle_storage_open", "Whether the storage takes events.", [["", {}, status.storage === "open" ? 1 : 0]]),
    counter(
      "pintle_destination_delivered_total",
      "Events that the destination took.",
      each(({ delivered }) => delivered),
    ),
    counter(
      "pintle_destination_adjusted_total",
      "What was shortened or left out of events that were delivered.",
      byReason(({ adjusted }) => adjusted),
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
      "pintle_destination_memory_bytes",
      "What the events of the destination are charged with.",
      each(({ memory }) => memory),
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
      "pintle_destination_lag_events",
      "Events that were accepted for the destination and have not ended, as far as they could be counted at once.",
      each(({ lag }) => lag.events),
    ),
    {
      name: "pintle_destination_delivery_seconds",
      type: "histogram",
      help: "Time from the acceptance of an event to its delivery.",
      samples: destinations.flatMap(({ id: destination, latency: { buckets, count, sum } }) => [
        ...buckets.map(([bound, below]) => ["_bucket", { destination, le: String(bound) }, below] as const),
        ["_bucket", { destination, le: "+Inf" }, count] as const,
        ["_sum", { destination }, sum] as const,
        ["_count", { destination }, count] as const,
      ]),
    },
    gauge(
      "pintle_destination_in_flight",
      "Events that are on their way to the destination.",
      each(({ inFlight }) => inFlight),
    ),
    gauge(
      "pintle_destination_next_attempt_timestamp_seconds",
      "When what waits for another attempt is tried again, seconds since the epoch. Absent where nothing does.",
      destinations.flatMap(({ id: destination, nextAttempt }) =>
        nextAttempt === undefined ? [] : [["", { destination }, Date.parse(nextAttempt) / 1000] as const],
      ),
    ),
    counter(
      "pintle_destination_replayed_total",
      "Events that were given to the destination once more.",
      each(({ replayed }) => replayed),
    ),
    counter(
      "pintle_destination_malformed_integrations_total",
      "Events with an integrations that means nothing.",
      each(({ malformedIntegrations }) => malformedIntegrations),
    ),
    gauge(
      "pintle_destination_up",
      "Whether the destination takes events.",
      each(({ state }) => (state === "closed" ? 1 : 0)),
    ),
    gauge(
      "pintle_destination_state",
      "1 for the state that the destination is in.",
      destinations.flatMap(({ id: destination, state }) =>
        states.map((each) => ["", { destination, state: each }, each === state ? 1 : 0] as const),
      ),
    ),
    gauge(
      "pintle_log_bytes",
      "Size of a topic on disk.",
      Object.entries(status.log).map(([topic, bytes]) => ["", { topic }, bytes]),
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
