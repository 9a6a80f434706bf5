import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { judgeAccess } from "./access.ts";
import { ServerError, systemCode, systemReason } from "./errors.ts";

/** Takes a line for the log about something that was found wrong, and mended or lived with. */
export type Warn = (line: string) => void;

/** Bytes: nothing that is kept in such a file is longer. */
const longest = 4096;

// Absent on Windows, where such links are not made by just anybody.
const { O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;

/**
 * The text of a file that is for its owner alone, without white space around it; `""` where there
 * is none. A mode that lets others read it is mended, and said.
 *
 * @throws ServerError PINTLE_FOLDER_UNUSABLE where it is a link, no file, or can be somebody else's
 * doing
 */
export function readPrivateFile(path: string, warn: Warn): string {
  let file: number;
  try {
    // A link could lead anywhere, and a pipe would be waited for.
    file = openSync(path, constants.O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (systemCode(error) === "ENOENT" || systemCode(error) === "ENOTDIR") return "";
    if (systemCode(error) === "ELOOP") throw unusable(path, "is a symbolic link");
    throw new ServerError("PINTLE_FOLDER_UNUSABLE", `${path}: ${systemReason(error)}`, { cause: error });
  }
  try {
    const found = fstatSync(file);
    if (!found.isFile()) throw unusable(path, "is no file");
    const verdict = judgeAccess(found, process.getuid?.());
    if (verdict.kind === "foreign") throw unusable(path, verdict.problem);
    if (verdict.kind === "open") {
      fchmodSync(file, 0o600);
      warn(
        `${path} ${verdict.problem}, and is for its owner alone from now on; whoever has read it knows what is in it`,
      );
    }
    const bytes = Buffer.alloc(longest + 1);
    const length = readSync(file, bytes, 0, bytes.length, 0);
    if (length > longest) throw unusable(path, `has more than ${longest} bytes`);
    return bytes.toString("utf8", 0, length).trim();
  } finally {
    closeSync(file);
  }
}

/**
 * Writes a file that is for its owner alone, in place in one step: a crash leaves no half of it
 * behind, and what stood there is replaced, not written to, wherever it may lead.
 *
 * @throws the error of the file system
 */
export function writePrivateFile(path: string, text: string): void {
  const unfinished = `${path}.new`;
  rmSync(unfinished, { force: true });
  const file = openSync(unfinished, "wx", 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(unfinished, path);
}

/**
 * The secret that is kept in `path`; where there is none yet, one is made: 192 random bits, as
 * `prefix` and 32 letters.
 *
 * @throws ServerError PINTLE_FOLDER_UNUSABLE
 */
export function readOrMakeSecret(path: string, prefix: string, warn: Warn): string {
  const kept = readPrivateFile(path, warn);
  // As a header can carry it.
  if (/^[\x21-\x7e]+$/.test(kept)) return kept;
  if (kept !== "") throw unusable(path, "holds something else than one word of visible ASCII characters");
  const secret = prefix + randomBytes(24).toString("base64url");
  writePrivateFile(path, `${secret}\n`);
  return secret;
}

function unusable(path: string, problem: string): ServerError {
  return new ServerError("PINTLE_FOLDER_UNUSABLE", `${path} ${problem}: remove it, and a new one is made`);
}
