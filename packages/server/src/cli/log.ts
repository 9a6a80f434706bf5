import type { Command } from "./command.ts";

export const logInspect: Command = {
  name: "log inspect",
  summary:
    "Lists segments, offsets and consumers of a data folder or of one log in it; a data plane may run meanwhile.",
  arguments: ["DIR"],
  flags: {},
  run: async (call, context) => (await import("./examine-log.ts")).examineLog(call, context, { verify: false }),
};

export const logVerify: Command = {
  name: "log verify",
  summary:
    "Reads and checks every record of a data folder or of one log in it; exit code 1 where accepted events are damaged.",
  arguments: ["DIR"],
  flags: {},
  run: async (call, context) => (await import("./examine-log.ts")).examineLog(call, context, { verify: true }),
};
