import { z } from "zod";
import type { DeadDecision, DeadList, Settled, ShownLetter } from "../router/dead/dead-letters.ts";
import type { DeadQuery } from "../router/dead/query.ts";
import { type AdminCall, AdminRefusal, type AdminRoute } from "./admin-server.ts";
import { destinationNamed } from "./destination-named.ts";
import { count, parsed, time } from "./parsed.ts";

/** The dead letters of the data plane, as the admin port needs them. */
export interface DeadAdmin {
  /** Destinations of the configuration. */
  destinations(): readonly { readonly id: string; readonly name: string; readonly enabled: boolean }[];
  /**
   * Whether there are, or were, letters of a destination that is not in the configuration any more.
   */
  hasLetters(destinationId: string): Promise<boolean>;
  list(destinationId: string, query: DeadQuery, limit: number): Promise<DeadList>;
  /** How many letters wait for a decision, by destination and reason. */
  counts(destinationIds: readonly string[]): Promise<Readonly<Record<string, Readonly<Record<string, number>>>>>;
  show(destinationId: string, letter: number): Promise<ShownLetter | null>;
  settle(destinationId: string, query: DeadQuery, decision: DeadDecision): Promise<Settled>;
}

const selection = {
  destination: z.string().optional(),
  reason: z.string().optional(),
  from: time.optional(),
  to: time.optional(),
  user: z.string().optional(),
  id: z.string().optional(),
};
const listing = z.strictObject({ ...selection, limit: count(1, 1000).default(20) });
const showing = z.strictObject({ destination: z.string(), letter: count(0, Number.MAX_SAFE_INTEGER) });
const settling = z
  .strictObject({
    ...selection,
    letter: count(0, Number.MAX_SAFE_INTEGER).optional(),
    all: z.literal(true).optional(),
  })
  .refine(
    (asked) => Object.values(asked).some((value) => value !== undefined),
    "say which letters: destination, reason, from, to, user, id or letter; or all: true",
  )
  .refine(({ letter, destination }) => letter === undefined || destination !== undefined, {
    error: "the number of a letter needs its destination",
  });

/** `/dead` and what is below it. */
export function deadRoutes(dead: DeadAdmin): Readonly<Record<string, AdminRoute>> {
  /** Ids of the destinations that are meant: the one that is named, by name or id, or all. */
  async function idsOf(named: string | undefined): Promise<readonly string[]> {
    const known = dead.destinations();
    if (named === undefined) return known.map(({ id }) => id);
    // One that is no longer configured may have letters.
    const isKnown = known.some(({ id, name }) => id === named || name === named);
    if (!isKnown && (await dead.hasLetters(named))) return [named];
    return [destinationNamed(named, known).id];
  }

  function settle(decision: DeadDecision) {
    return async ({ body }: AdminCall): Promise<unknown> => {
      const { destination, letter, all: _all, ...query } = parsed(settling, body ?? {});
      const ids = await idsOf(destination);
      const asked = { ...query, ...(letter === undefined ? {} : { letters: [letter] }) };
      const settled: Record<string, number> = {};
      const filtered: Record<string, Settled["filtered"]> = {};
      const left: Record<string, Settled["left"]> = {};
      for (const id of ids) {
        if (decision === "replayed" && !dead.destinations().some((each) => each.id === id && each.enabled)) {
          if (destination === undefined) continue;
          throw new AdminRefusal(
            409,
            `nothing can be replayed to ${id}: it is not in the configuration, or not enabled`,
          );
        }
        const became = await dead.settle(id, asked, decision);
        settled[id] = became.settled;
        if (Object.keys(became.filtered).length > 0) filtered[id] = became.filtered;
        if (Object.keys(became.left).length > 0) left[id] = became.left;
      }
      return {
        [decision]: settled,
        ...(Object.keys(filtered).length > 0 ? { filtered } : {}),
        ...(Object.keys(left).length > 0 ? { left } : {}),
      };
    };
  }

  return {
    "/dead": {
      async GET({ query }) {
        const { destination, limit, ...asked } = parsed(listing, Object.fromEntries(query));
        const lists = [];
        for (const id of await idsOf(destination)) lists.push({ id, ...(await dead.list(id, asked, limit)) });
        return { destinations: lists };
      },
    },
    "/dead/counts": { GET: async () => dead.counts(await idsOf(undefined)) },
    "/dead/letter": {
      async GET({ query }) {
        const { destination, letter } = parsed(showing, Object.fromEntries(query));
        const [id = ""] = await idsOf(destination);
        const shown = await dead.show(id, letter);
        if (shown === null) throw new AdminRefusal(404, `there is no dead letter ${id}/${letter}`);
        return { destination: id, ...shown };
      },
    },
    "/dead/replay": { POST: settle("replayed") },
    "/dead/purge": { POST: settle("purged") },
  };
}
