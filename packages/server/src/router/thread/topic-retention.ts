import type { Retention } from "../../engine/engine.ts";

const minute = 60_000;
const day = 24 * 60 * 60 * 1000;

/**
 * What is kept of the topics that the router writes. Of `retry.<id>`, whatever has not ended; of
 * `dead.<id>`, a month and at most 5 GB; of the others, everything: they are small, and say what
 * must not be forgotten.
 */
export function retentionOf(topic: string): Retention | undefined {
  if (topic.startsWith("retry.")) return { maxAge: minute };
  if (topic.startsWith("dead.")) return { maxAge: 30 * day, maxBytes: 5e9 };
  return undefined;
}
