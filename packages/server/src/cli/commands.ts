import type { Command } from "./command.ts";
import { logInspect, logVerify } from "./log.ts";
import { start } from "./start.ts";

/** Every command, in the order in which the help lists them. */
export const commands: readonly Command[] = [start, logInspect, logVerify];
