import { describe, hashUserKey } from "@pintle/events";
import { ConfigError } from "../errors.ts";
import type { WritableMessage } from "../writable-message.ts";
import { checkNames } from "./check-names.ts";

/** What is sampled, and by what. See {@link sample}. */
export interface SampleOptions {
  /**
   * Names of events: of `track` calls with these alone, everything else is sent. Default: all
   * messages of all calls.
   */
  readonly events?: readonly string[] | undefined;
  /** What is kept or left out as a whole. Default: the user, by `userId`, else `anonymousId`. */
  readonly by?: ((message: WritableMessage) => string) | undefined;
}

/**
 * Lets the messages of a part of the users pass, as a `beforeSend`: always of the same users, in
 * each process and for as long as the rate does not change; a higher rate adds users. The others
 * are refused as `filtered`.
 *
 * @param rate from 0 (nobody) to 1 (everybody)
 * @throws ConfigError for another rate, and for options of the wrong kind
 * @example
 * ```ts
 * import { Pintle, type SampleOptions, sample } from "@pintle/sdk";
 *
 * const heartbeats: SampleOptions = { events: ["Heartbeat"] };
 * const client = new Pintle(WRITE_KEY, DATA_PLANE_URL, { beforeSend: sample(0.1, heartbeats) });
 *
 * client.track({ userId: "123", event: "Heartbeat" }); // sent for one user in ten
 * client.track({ userId: "123", event: "Paid" });
 * await client.close();
 * ```
 */
export function sample(
  rate: number,
  options: SampleOptions = {},
): (message: WritableMessage) => WritableMessage | null {
  if (!(typeof rate === "number" && rate >= 0 && rate <= 1))
    throw new ConfigError("sample", rate, String(rate), "a number from 0 to 1");
  checkNames("sample", options, ["events", "by"]);
  const { events, by } = options;
  if (events !== undefined && !(Array.isArray(events) && events.every((name) => typeof name === "string")))
    throw new ConfigError("sample.events", events, describe(events), "a list of names");
  if (by !== undefined && typeof by !== "function")
    throw new ConfigError("sample.by", by, describe(by), "a function that gives a text");
  return (message) => {
    if (events !== undefined && !(message.type === "track" && events.includes(message.event))) return message;
    const { userId = "", anonymousId = "" } = message;
    const key = by === undefined ? String(userId === "" ? anonymousId : userId) : String(by(message));
    return (hashUserKey(key) >>> 0) / 2 ** 32 < rate ? message : null;
  };
}
