import { rateBounds } from "@pintle/kit/values";
import { ServerError } from "../errors.ts";
import type { ReplayStatus } from "../router/replay/log-replays.ts";
import { adminClient, adminFlags } from "./admin-client.ts";
import type { Command, CommandCall, CommandContext } from "./command.ts";
import { count, nouns, table } from "./table.ts";
import { parseTime } from "./time.ts";

export const replay: Command = {
  name: "replay",
  summary: "Sends what was accepted since a time to one destination once more, from the log.",
  arguments: [],
  flags: {
    ...adminFlags,
    destination: { value: "NAME", description: "to this destination, by its name or id" },
    from: { value: "TIME", description: "accepted since: 2026-11-20T08:00:00Z, 2026-11-20, or 2h for two hours ago" },
    to: { value: "TIME", description: "accepted before (default: now)" },
    rate: { value: "N", description: "events a second at most (default 1000)" },
  },
  run: runReplay,
};

export const replayList: Command = {
  name: "replay list",
  summary: "Lists the replays that run, and those that have ended lately.",
  arguments: [],
  flags: { ...adminFlags, json: { description: "as JSON" } },
  run: runList,
};

export const replayStop: Command = {
  name: "replay stop",
  summary: "Ends a replay. What it has given to the destination goes out all the same.",
  arguments: ["ID"],
  flags: adminFlags,
  run: runStop,
};

async function runReplay(call: CommandCall, context: CommandContext): Promise<number> {
  const { destination, from, to, rate = "1000" } = call.flags;
  if (destination === undefined || from === undefined) {
    throw new ServerError("PINTLE_USAGE", "--destination NAME and --from TIME are needed (see: pintle replay --help)");
  }
  const isRate = /^\d{1,10}(\.\d+)?$/.test(rate) && Number(rate) >= rateBounds.min && Number(rate) <= rateBounds.max;
  if (!isRate) {
    const allowed = `a number of events a second, from ${rateBounds.min} to ${rateBounds.max}`;
    throw new ServerError("PINTLE_USAGE", `--rate takes ${allowed}, not ${JSON.stringify(rate)}`);
  }
  const now = Date.now();
  const body = {
    destination,
    from: parseTime("from", from, now),
    ...(to === undefined ? {} : { to: parseTime("to", to, now) }),
    rate: Number(rate),
  };
  const started = (await adminClient(call, context).post("/replays", body)) as ReplayStatus;
  const until = started.to === undefined ? "" : ` until ${new Date(started.to).toISOString()}`;
  context.print(
    `${started.id}: replaying what was accepted since ${new Date(started.from).toISOString()}${until} to ${started.destinationId}`,
  );
  context.print(`${nouns(started.left, "record")} of the log to go; pintle replay list tells how it stands`);
  return 0;
}

async function runList(call: CommandCall, context: CommandContext): Promise<number> {
  const told = await adminClient(call, context).get("/replays");
  const { replays } = told as { readonly replays: readonly ReplayStatus[] };
  if (call.flags.json !== undefined) context.print(JSON.stringify(replays, null, 2));
  else for (const line of replayLines(replays)) context.print(line);
  return 0;
}

function replayLines(replays: readonly ReplayStatus[]): string[] {
  if (replays.length === 0) return ["no replays"];
  const rows = replays.map(({ id, destinationId, from, to, rate, state, given, left }) => [
    id,
    destinationId,
    new Date(from).toISOString(),
    to === undefined ? "" : new Date(to).toISOString(),
    count(rate),
    state,
    count(given),
    count(left),
  ]);
  const heading = ["id", "destination", "from", "to", "rate", "state", "events given", "records left"];
  const problems = replays.flatMap(({ id, problem }) => (problem === undefined ? [] : [`${id}: ${problem}`]));
  return [...table([heading, ...rows]), ...problems];
}

async function runStop(call: CommandCall, context: CommandContext): Promise<number> {
  const [id = ""] = call.arguments;
  const stopped = (await adminClient(call, context).post("/replays/stop", { id })) as ReplayStatus;
  context.print(`${stopped.id}: stopped with ${nouns(stopped.given, "event")} given to ${stopped.destinationId}`);
  return 0;
}
