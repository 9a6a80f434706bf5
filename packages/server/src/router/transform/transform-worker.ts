import { parentPort, workerData } from "node:worker_threads";
import { runModuleAs } from "../../config/run-module.ts";
import { applyTransform, type Transform, type Transformed } from "./transform.ts";
import type { FromTransformer, ToTransformer, TransformerData } from "./transformer-messages.ts";

/*
 * The thread in which the transformation of one destination runs. It imports the configuration itself: functions cannot be handed
 * over. Before each event it notes in shared memory which one it is, so that it is known also when this thread has to be ended.
 */

const main = parentPort;
if (main === null) throw new Error("This file is the entry of a worker thread");
const { file, text, destination, marks } = workerData as TransformerData;
const running = new Int32Array(marks);
const loading = load();
// It is reported with the first batch.
loading.catch(() => {});

main.on("message", async ({ events }: ToTransformer) => {
  const tell = (message: FromTransformer): void => main.postMessage(message);
  let transform: Transform;
  try {
    transform = await loading;
  } catch (error) {
    return tell({ kind: "unusable", message: error instanceof Error ? error.message : String(error) });
  }
  const results: Transformed[] = [];
  for (const [index, { json, source }] of events.entries()) {
    Atomics.store(running, 0, index);
    Atomics.add(running, 1, 1);
    results.push(await applyTransform(transform, json, { source, destination }));
  }
  Atomics.store(running, 0, -1);
  tell({ kind: "done", results: JSON.stringify(results) });
});

async function load(): Promise<Transform> {
  const config = (await runModuleAs(file, text)) as {
    readonly destinations?: Readonly<Record<string, { readonly transform?: unknown }>>;
  };
  const transform = config.destinations?.[destination]?.transform;
  if (typeof transform !== "function") {
    throw new Error(`${file}: the destination "${destination}" has no transform any more`);
  }
  return transform as Transform;
}
