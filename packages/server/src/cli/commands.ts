import { check } from "./check.ts";
import type { Command } from "./command.ts";
import { destinationTest } from "./destination.ts";
import { importConfig } from "./import.ts";
import { logInspect, logVerify } from "./log.ts";
import { start } from "./start.ts";
import { status } from "./status.ts";

/** Every command, in the order in which the help lists them. */
export const commands: readonly Command[] = [
  start,
  check,
  importConfig,
  status,
  logInspect,
  logVerify,
  destinationTest,
];
