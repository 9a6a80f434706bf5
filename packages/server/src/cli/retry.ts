import { ServerError } from "../errors.ts";
import type { Retried } from "../router/ledger/status.ts";
import { adminClient, adminFlags } from "./admin-client.ts";
import type { Command, CommandCall, CommandContext } from "./command.ts";
import { nouns } from "./table.ts";

export const retry: Command = {
  name: "retry",
  summary: "Tries what waits for another attempt at a destination now, without waiting.",
  arguments: [],
  flags: { ...adminFlags, destination: { value: "NAME", description: "this destination, by its name or id" } },
  run: runRetry,
};

async function runRetry(call: CommandCall, context: CommandContext): Promise<number> {
  const { destination } = call.flags;
  if (destination === undefined) {
    throw new ServerError("PINTLE_USAGE", "--destination NAME is needed (see: pintle retry --help)");
  }
  const told = await adminClient(call, context).post("/retry", { destination });
  context.print(retryLine(told as Retried & { readonly destination: string }));
  return 0;
}

export function retryLine({ destination, state, lanes }: Retried & { readonly destination: string }): string {
  const waited = `${nouns(lanes, "user")} whose events waited`;
  if (state === "closed") {
    return lanes > 0
      ? `${destination}: trying ${waited}`
      : `${destination} works, and nothing waits for another attempt`;
  }
  const others = lanes === 0 ? "" : `, and then ${waited}`;
  return `${destination}: trying one event now${others}; pintle status tells how it stands`;
}
