import { readFile } from "node:fs/promises";
import * as kit from "@pintle/kit";
import type { Jiti } from "jiti";
import * as zod from "zod";
import { ServerError } from "../errors.ts";
import { defineConfig } from "./define-config.ts";
import { env } from "./env.ts";

/**
 * What a module of the owner imports under these names is this very version, in the very instance
 * that runs: also in a folder without node_modules, and so that a schema that is marked as secret
 * there is known as secret here.
 */
const virtualModules = { pintle: { defineConfig, env }, "pintle/kit": kit, "@pintle/kit": kit, zod };

/**
 * Runs a module in TypeScript or JavaScript that belongs to the owner of the data plane, and
 * everything that it imports, anew; gives its default export.
 *
 * @param shownAs the file as messages name it
 * @param maker the function that makes such exports, for messages
 * @throws ServerError with PINTLE_CONFIG_UNREADABLE
 */
export async function runModule(path: string, shownAs: string, maker = "defineConfig"): Promise<unknown> {
  let exported: unknown;
  try {
    // `module.exports = ...` in CommonJS arrives as the default export as well. It may be a
    // promise.
    exported = await (await (await newJiti()).import<{ default?: unknown }>(path)).default;
  } catch (error) {
    throw new ServerError("PINTLE_CONFIG_UNREADABLE", `${shownAs}: cannot be run: ${reasonOf(error)}`, {
      cause: error,
    });
  }
  if (exported === undefined) {
    throw new ServerError(
      "PINTLE_CONFIG_UNREADABLE",
      `${shownAs}: has no default export; write: export default ${maker}({ ... })`,
    );
  }
  return exported;
}

/**
 * Reads all of what a configuration exports, but functions and destination types, so that a getter
 * or a proxy of the owner's that throws does it here.
 *
 * @throws ServerError with PINTLE_CONFIG_UNREADABLE
 */
export function readThrough(exported: unknown, shownAs: string): void {
  const seen = new Set<unknown>();
  const pending = [exported];
  try {
    for (let value = pending.pop(); value !== undefined || pending.length > 0; value = pending.pop()) {
      if (typeof value !== "object" || value === null || seen.has(value)) continue;
      seen.add(value);
      // The schema of a type is zod's, which makes some of its parts only where they are asked for.
      for (const [key, inner] of Object.entries(value)) if (key !== "type") pending.push(inner);
    }
  } catch (error) {
    throw new ServerError("PINTLE_CONFIG_UNREADABLE", `${shownAs}: cannot be run: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

/**
 * Runs a module as it was when it was accepted, which its file may no longer hold: where it is the
 * same, the file, else the text. What it imports is taken as it is.
 *
 * @param text what the file held then
 * @throws ServerError with PINTLE_CONFIG_UNREADABLE
 */
export async function runModuleAs(path: string, text: string): Promise<unknown> {
  const now = await readFile(path, "utf8").catch(() => undefined);
  if (now === text) return runModule(path, path);
  try {
    const module = await (await newJiti()).evalModule(text, { id: path, filename: path, async: true });
    return await ((module as { default?: unknown }).default ?? module);
  } catch (error) {
    throw new ServerError("PINTLE_CONFIG_UNREADABLE", `${path}: cannot be run: ${reasonOf(error)}`, { cause: error });
  }
}

async function newJiti(): Promise<Jiti> {
  // Only where a module is run: importing it takes as long as starting Node, and the data plane's
  // own threads need it for little.
  const { createJiti } = await import("jiti");
  return createJiti(import.meta.url, {
    virtualModules,
    moduleCache: false,
    fsCache: false,
    // Off: a module without a default export is refused, in place of being taken as one.
    interopDefault: false,
  });
}

/**
 * What was thrown, which may be anything, in one line. Of a mistake in the syntax jiti says in the
 * second line where it is: `FILE:LINE:COLUMN`, the column from 0.
 */
export function reasonOf(error: unknown): string {
  const [first = "", second = ""] = textOf(error).split("\n");
  const place = /^ParseError:.*\S/.test(first) ? /:(\d+):(\d+)\s*$/.exec(second) : null;
  if (place === null) return first;
  return `${first.replace("ParseError: ", "").trim()} at line ${place[1]}, column ${Number(place[2]) + 1}`;
}

function textOf(error: unknown): string {
  try {
    if (error instanceof Error) return error.message.trim() === "" ? error.name : error.message;
    return `${typeof error === "string" ? JSON.stringify(error) : String(error)} was thrown, which is no Error`;
  } catch {
    return "something was thrown that is no Error, and no text either";
  }
}
