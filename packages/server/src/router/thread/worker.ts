import { once } from "node:events";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { errorMessage, letJsonTakeBigInt } from "@pintle/events";
import { StepSender } from "../ledger/step-sender.ts";
import { answer } from "./answer.ts";
import { TypeLoader } from "./load-types.ts";
import { openParts, type Parts } from "./parts.ts";
import { tellingLogger } from "./telling-logger.ts";
import type { FromRouter, RouterThreadData, ToRouter } from "./thread-messages.ts";

/*
 * A router thread: an engine of its own, so that only high watermarks, a few messages and what it
 * appends to the main thread's topics pass between the two. It writes the topics of the
 * destinations that live in it. A fault that nobody catches ends the thread, and the main one
 * starts another, which goes on from the saved progress.
 */

const main = parentPort;
if (main === null) throw new Error("This file is the entry of a worker thread");
void begin(workerData as MessagePort, (message) => main.postMessage(message));

/**
 * Waits for what is to be done: the thread is launched, and loads these modules, before that is
 * known.
 */
async function begin(port: MessagePort, tell: (message: FromRouter) => void): Promise<void> {
  const [data] = (await once(port, "message")) as [RouterThreadData];
  port.close();
  await run(data, tell);
}

async function run(data: RouterThreadData, tell: (message: FromRouter) => void): Promise<void> {
  // Destinations of users write events with JSON.stringify.
  letJsonTakeBigInt();
  const types = new TypeLoader(data.configTimeout, tell);
  const problem = await types.prepare(data.destinations);
  // The main thread ends this one.
  if (problem !== null) return;
  const opened = types.take(data.destinations).then(() => openParts(data, types, tellingLogger(tell)));
  const sender = opened.then(
    ({ router }) => new StepSender(router.tap, (steps, dropped) => tell({ kind: "steps", steps, dropped })),
  );
  main?.on("message", async (message: ToRouter) => {
    const parts = await opened;
    if (message.kind === "ask") {
      const { id, call } = message;
      await answer(parts, call).then(
        (value) => tell({ kind: "answer", id, value }),
        (error: unknown) => tell({ kind: "failed", id, message: errorMessage(error) }),
      );
    } else if (message.kind === "watch") (await sender).watch(message.destinations);
    else if (message.kind === "stepsTaken") (await sender).taken();
    else await close(parts, message.within, tell);
  });
  await opened;
  tell({ kind: "ready" });
}

async function close(
  { replays, router, engine }: Parts,
  within: number,
  tell: (message: FromRouter) => void,
): Promise<void> {
  await replays.close();
  await router.close(within);
  await engine.close();
  tell({ kind: "closed" });
  main?.close();
}
