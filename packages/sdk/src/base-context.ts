import type { Context } from "@pintle/events";
import { HeldFields } from "./held-fields.ts";
import { version } from "./version.ts";

/** Identifies this SDK in every message; not the caller's to change. */
const library = `,"context":{"library":${JSON.stringify({ name: "@pintle/sdk", version })}`;
const nothing = new HeldFields({});

/** A context that lies under the contexts of messages: that of the options, or of a scope. */
export function baseContext({ library: _, ...fields }: Context): HeldFields {
  return new HeldFields(fields);
}

/**
 * The member `context` of a message, with a comma in front: `own` over `base`, deeply, and
 * `library`.
 */
export function contextMember(own: Context | null | undefined, base: HeldFields = nothing): string {
  const members = own === undefined || own === null ? base.members : base.merged(own, "library");
  return members === "" ? `${library}}` : `${library},${members}}`;
}
