import { readFile } from "node:fs/promises";
import type { Delivered } from "./webhook-sink.ts";

/**
 * The events in a file destination's JSON lines, in their order. A last line without its newline is
 * still being written and does not count; any other line that is no JSON throws. A file that is not
 * there yet has no events.
 */
export async function readEventFile(path: string): Promise<Delivered[]> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  const lines = text.split("\n");
  lines.pop();
  return lines.map((line) => JSON.parse(line) as Delivered);
}
