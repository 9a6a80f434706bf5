import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import { type Inspection, inspectLog, LogError, renderInspection, verifyLog } from "@pintle/log";
import { logFolders } from "../engine/embedded/topic-folders.ts";
import { ServerError, systemCode, systemReason } from "../errors.ts";
import type { CommandCall, CommandContext } from "./command.ts";

/** Prints what lies in a folder, with `verify` having read all of it; gives the exit code. */
export async function examineLog(
  { arguments: [directory = ""] }: CommandCall,
  context: CommandContext,
  { verify }: { readonly verify: boolean },
): Promise<number> {
  const look = verify ? verifyLog : inspectLog;
  let damaged = false;
  for (const log of logsIn(resolve(context.directory, directory))) {
    const inspection = await lookAt(log, look);
    context.print(renderInspection(inspection, Date.now()));
    damaged ||= inspection.damage.some(({ acknowledged }) => acknowledged);
  }
  return damaged ? 1 : 0;
}

/** The folders of the logs in a data folder; of a folder that is a log itself, that one. */
function logsIn(directory: string): string[] {
  try {
    const folders = logFolders(directory);
    if (folders !== undefined) return folders;
    if (readdirSync(directory).some((name) => name.endsWith(".seg"))) return [directory];
  } catch (error) {
    const reason = systemCode(error) === "ENOENT" ? "there is no such folder" : systemReason(error);
    throw new ServerError("PINTLE_FOLDER_UNUSABLE", `${directory}: ${reason}`, { cause: error });
  }
  throw new ServerError(
    "PINTLE_FOLDER_UNUSABLE",
    `${directory} is neither a data folder nor a log: it has no topics and no segments`,
  );
}

async function lookAt(directory: string, look: (directory: string) => Promise<Inspection>): Promise<Inspection> {
  try {
    return await look(directory);
  } catch (error) {
    if (error instanceof LogError) throw new ServerError("PINTLE_FOLDER_UNUSABLE", error.message, { cause: error });
    throw error;
  }
}
