import { once } from "node:events";
import { Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { runCases } from "@pintle/kit";
import { endWithParent } from "../../end-with-parent.ts";
import { ServerError } from "../../errors.ts";
import { loadConfig } from "../load-config.ts";
import { isDestinationType } from "../own-types.ts";
import { InvalidConfigError } from "../problem.ts";
import { reasonOf, runModule } from "../run-module.ts";
import { ConfigFrameReader, encodeFrame } from "./frame.ts";
import type { Order, PlainRefusal, TaskAnswer, Tasks } from "./tasks.ts";

/*
 * The process in which code of the data plane's owner runs: a configuration, or the module of a
 * destination type. It gets one order over the pipe with the number 3, answers it there, and ends;
 * whatever that code has started ends with it. What it prints goes where the parent sends it, and
 * never into the answer.
 */

// Not only when the pipe ends: code in an endless loop hears nothing of that.
endWithParent({ pipe: 4, leadsGroup: process.platform !== "win32" });

const pipe = new Socket({ fd: 3, readable: true, writable: true, allowHalfOpen: true });
let isAnswered = false;

function answer(message: TaskAnswer): void {
  if (isAnswered) return;
  isAnswered = true;
  pipe.end(encodeFrame(message), async () => {
    // Ending the process drops what its pipes have not taken yet.
    for (const stream of [process.stdout, process.stderr]) {
      await new Promise((resolve) => stream.write("", resolve));
    }
    process.exit(0);
  });
}

function shownAs({ takes }: Order): string {
  return takes.shownAs;
}

async function work(): Promise<void> {
  const order = await receive();
  // The parent has gone, and nobody waits for an answer.
  pipe.on("close", () => isAnswered || process.exit(0)).resume();
  pipe.unref();
  const unusable = (what: string) =>
    answer({
      kind: "refused",
      refusal: { code: "PINTLE_CONFIG_UNREADABLE", message: `${shownAs(order)}: cannot be run: ${what}` },
    });
  const uncaught = (error: unknown) => unusable(`an error that nobody caught: ${reasonOf(error)}`);
  process.on("uncaughtException", uncaught);
  process.on("unhandledRejection", uncaught);
  // Nothing is left that could go on, and the module is not through.
  process.once("beforeExit", () => unusable("it awaits something that never comes"));
  try {
    const value = await run(order);
    // A promise that was rejected and that nobody caught is told of by now: it would end the data
    // plane.
    await setImmediate();
    answer({ kind: "done", value });
  } catch (error) {
    answer(
      error instanceof ServerError
        ? { kind: "refused", refusal: plain(error) }
        : { kind: "fault", stack: error instanceof Error ? (error.stack ?? error.message) : reasonOf(error) },
    );
  }
}

async function receive(): Promise<Order> {
  const reader = new ConfigFrameReader();
  for (;;) {
    const [chunk] = (await once(pipe, "data")) as [Buffer];
    const frame = reader.take(chunk);
    if (frame !== undefined) return frame.value as Order;
  }
}

async function run(order: Order): Promise<Tasks[Order["name"]]["gives"]> {
  if (order.name === "config") {
    const { file, ...options } = order.takes;
    const { redact: _redact, ownTypes: _ownTypes, ...config } = await loadConfig(file, options);
    return config;
  }
  const { module, shownAs, table, file } = order.takes;
  const type = await runModule(module, shownAs, "defineDestination");
  if (!isDestinationType(type)) {
    throw new ServerError(
      "PINTLE_CASES_UNREADABLE",
      `${file}: the default export of ${shownAs} is no destination type: it is made by defineDestination({ ... })`,
    );
  }
  try {
    return await runCases(type, table);
  } catch (error) {
    throw new ServerError("PINTLE_CASES_UNREADABLE", `${file}: ${reasonOf(error)}`, { cause: error });
  }
}

function plain(error: ServerError): PlainRefusal {
  const { code, message } = error;
  if (!(error instanceof InvalidConfigError)) return { code, message };
  const { file, problems, omitted } = error;
  return { code, message, config: { file, problems, omitted } };
}

void work();
