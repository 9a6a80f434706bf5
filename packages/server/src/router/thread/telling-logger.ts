import type { PlaneLogger } from "../../logger.ts";
import type { FromRouter, LoggedLevel } from "./thread-messages.ts";

/** A logger whose lines the main thread writes. */
export function tellingLogger(tell: (message: FromRouter) => void): PlaneLogger {
  const at =
    (level: LoggedLevel) =>
    (fields: object | string, message?: string): void => {
      const line = typeof fields === "string" ? { fields: {}, message: fields } : { fields, message: message ?? "" };
      tell({ kind: "log", level, ...line });
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
