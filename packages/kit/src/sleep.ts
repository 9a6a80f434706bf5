import { setTimeout as delay } from "node:timers/promises";
import type { Sleep } from "./pacer.ts";

/** Sleeps by a timer that keeps no process alive. */
export const sleep: Sleep = (milliseconds, signal) => delay(milliseconds, undefined, { signal, ref: false });
