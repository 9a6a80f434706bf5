import { readFileSync, statSync } from "node:fs";
import { ServerError, systemCode, systemReason } from "../errors.ts";
import { findJsonError } from "./json-error.ts";

/**
 * @param parse what makes the value of the text
 * @throws ServerError with PINTLE_CONFIG_NOT_FOUND or PINTLE_CONFIG_UNREADABLE
 */
export function readJsonFile(path: string, shownAs: string, parse?: (json: string) => unknown): unknown {
  return parseJson(readText(path, shownAs), shownAs, parse);
}

export function readText(path: string, file: string): string {
  try {
    // Nobody knows when a pipe ends, and it cannot be read again.
    const stats = statSync(path);
    if (!stats.isFile()) {
      const kind = stats.isDirectory() ? "a folder" : "a pipe or a device";
      throw new ServerError("PINTLE_CONFIG_UNREADABLE", `${file}: is ${kind}; a configuration is a file`);
    }
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof ServerError) throw error;
    if (systemCode(error) === "ENOENT") {
      throw new ServerError("PINTLE_CONFIG_NOT_FOUND", `${file}: there is no such file`, { cause: error });
    }
    throw new ServerError("PINTLE_CONFIG_UNREADABLE", `${file}: ${systemReason(error)}`, { cause: error });
  }
}

export function parseJson(text: string, file: string, parse: (json: string) => unknown = JSON.parse): unknown {
  // Editors on Windows put a byte order mark in front, which JSON does not allow.
  const json = text.replace(/^\uFEFF/, "");
  try {
    return parse(json);
  } catch {
    // Not with the error of JSON.parse as its cause: that one quotes the text, and the text holds
    // write keys.
    const { line, column } = findJsonError(json);
    throw new ServerError("PINTLE_CONFIG_UNREADABLE", `${file}: not valid JSON at line ${line}, column ${column}`);
  }
}
