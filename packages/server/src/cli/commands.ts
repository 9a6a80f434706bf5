import { check } from "./check.ts";
import type { Command } from "./command.ts";
import { deadList, deadPurge, deadReplay, deadShow } from "./dead.ts";
import { destinationList, destinationTest } from "./destination.ts";
import { importConfig } from "./import.ts";
import { logInspect, logVerify } from "./log.ts";
import { replay, replayList, replayStop } from "./replay.ts";
import { retry } from "./retry.ts";
import { start } from "./start.ts";
import { status } from "./status.ts";
import { types } from "./types.ts";

/** Every command, in the order in which the help lists them. */
export const commands: readonly Command[] = [
  start,
  check,
  importConfig,
  status,
  retry,
  deadList,
  deadShow,
  deadReplay,
  deadPurge,
  replayList,
  replayStop,
  replay,
  logInspect,
  logVerify,
  destinationList,
  destinationTest,
  types,
];
