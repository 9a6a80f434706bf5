import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { systemCode } from "./errors.ts";

/**
 * The secret that is kept in `path`; where there is none yet, one is made: 192 random bits, as `prefix` and 32 letters. Only the
 * owner of the file can read it.
 */
export function readOrMakeSecret(path: string, prefix: string): string {
  const kept = read(path);
  if (kept !== "") return kept;
  const secret = prefix + randomBytes(24).toString("base64url");
  // In place in one step: a crash leaves no half of a secret behind that somebody was given already.
  const unfinished = `${path}.new`;
  const file = openSync(unfinished, "w", 0o600);
  try {
    writeSync(file, `${secret}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(unfinished, path);
  return secret;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    if (systemCode(error) === "ENOENT") return "";
    throw error;
  }
}
