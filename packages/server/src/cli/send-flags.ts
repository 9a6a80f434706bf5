import type { Flag } from "./command.ts";

/** Flags of `pintle check --send`. */
export const sendFlags: Readonly<Record<string, Flag>> = {
  send: { description: "say what a test event would write where, send it, and show each request and answer" },
  destination: { value: "NAME", several: true, description: "send to this destination alone, by its name or id" },
  event: { value: "FILE", description: "send the event in this JSON file, in place of one made up" },
  yes: { description: "send without asking, on a terminal" },
  timeout: { value: "TIME", description: "for each destination, from opening to the answer (default 30s)" },
};
