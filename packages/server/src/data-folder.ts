import { access, chmod, constants, lstat, readdir, stat } from "node:fs/promises";
import { makeFolders } from "@pintle/log";
import { judgeAccess } from "./access.ts";
import { ServerError, systemCode, systemReason } from "./errors.ts";
import type { Warn } from "./private-file.ts";

/**
 * Makes the folder that everything durable is kept in, for its owner alone, unless it is there. One
 * that is there is closed to others where that can be done, with a line that says so. A link to a
 * folder is taken as long as both are ours.
 *
 * @throws ServerError PINTLE_FOLDER_NOT_WRITABLE; PINTLE_FOLDER_UNUSABLE where others could put
 * into it what they like
 */
export async function makeDataFolder(path: string, warn: Warn): Promise<void> {
  try {
    await makeFolders(path);
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const reasons: Record<string, string> = { EEXIST: "it is a file", ENOENT: "no folder can be made there" };
    const reason = reasons[systemCode(error)] ?? systemReason(error);
    throw new ServerError(
      "PINTLE_FOLDER_NOT_WRITABLE",
      `the data folder ${path} cannot be written: ${reason} (choose another: --data DIR)`,
      { cause: error },
    );
  }
  await closeToOthers(path, warn);
}

async function closeToOthers(path: string, warn: Warn): Promise<void> {
  const uid = process.getuid?.();
  const link = await lstat(path);
  // The mode of a link says nothing.
  const linked = link.isSymbolicLink() ? judgeAccess({ uid: link.uid, mode: 0 }, uid) : undefined;
  if (linked?.kind === "foreign") throw unusable(path, `is a link that ${linked.problem}`);
  const found = await stat(path);
  const verdict = judgeAccess(found, uid);
  switch (verdict.kind) {
    case "private":
      return;
    case "foreign":
      throw unusable(path, verdict.problem);
    case "shared":
      warn(`the data folder ${path} ${verdict.problem}: others may be able to read what is in it`);
      return;
    case "open": {
      // A folder of ours that has other things in it (a project, /tmp) is not ours to close.
      if (await isOwn(path)) {
        await chmod(path, 0o700);
        warn(`the data folder ${path} ${verdict.problem}, and is for its owner alone from now on (mode 0700)`);
      } else if ((found.mode & 0o022) !== 0) {
        throw unusable(path, `${verdict.problem.replace("was", "is")} and has other things in it`);
      } else
        warn(
          `the data folder ${path} ${verdict.problem.replace("was", "is")}, which stays, as it has other things in it: chmod 700 closes it`,
        );
    }
  }
}

/** What a data plane, or the making of a volume, leaves in it. */
const ownNames =
  /^(topics|transform|write-key|admin-token|admin-url|lock\.\w+|events\.jsonl|lost\+found)(\.new|\.lock)?$/;

async function isOwn(path: string): Promise<boolean> {
  return (await readdir(path)).every((name) => ownNames.test(name));
}

function unusable(path: string, problem: string): ServerError {
  return new ServerError(
    "PINTLE_FOLDER_UNUSABLE",
    `the data folder ${path} ${problem} (choose one of its own: --data DIR)`,
  );
}
