import type { MessagePort } from "node:worker_threads";
import type { NewRecord, RecordPosition } from "../engine.ts";
import { closedError, EngineError, type EngineErrorCode } from "../engine-error.ts";

/*
 * How an engine appends to a topic that an engine in another thread writes, over the port that
 * brings high watermarks too:
 *
 *   → append              a record
 *   ← appended, refused   it is durable, with its place; or it is not, with the reason
 */
type AppendMessage =
  | {
      readonly kind: "append";
      readonly id: number;
      readonly topic: string;
      readonly record: NewRecord;
    }
  | { readonly kind: "appended"; readonly id: number; readonly position: RecordPosition }
  | { readonly kind: "refused"; readonly id: number; readonly code: EngineErrorCode; readonly message: string };

type Port = Pick<MessagePort, "postMessage" | "on" | "off">;

/** The writer's end. Gives a function that stops it. */
export function serveAppends(
  port: Port,
  append: (topic: string, record: NewRecord) => Promise<RecordPosition>,
): () => void {
  const receive = (message: AppendMessage): void => {
    if (message?.kind !== "append") return;
    const { id, topic, record } = message;
    append(topic, record).then(
      (position) => port.postMessage({ kind: "appended", id, position } satisfies AppendMessage),
      (error: unknown) => port.postMessage({ kind: "refused", id, ...described(error) } satisfies AppendMessage),
    );
  };
  port.on("message", receive);
  return () => port.off("message", receive);
}

function described(error: unknown): { readonly code: EngineErrorCode; readonly message: string } {
  if (error instanceof EngineError) return { code: error.code, message: error.message };
  return { code: "PINTLE_STORAGE_FAILED", message: "the record was not stored" };
}

/** The end of who appends. */
export class RemoteAppends {
  readonly #port: Port;
  readonly #waiting = new Map<number, { resolve(position: RecordPosition): void; reject(error: EngineError): void }>();
  readonly #receive = (message: AppendMessage): void => {
    if (message?.kind !== "appended" && message?.kind !== "refused") return;
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.kind === "appended") waiting?.resolve(message.position);
    else waiting?.reject(new EngineError(message.code, message.message));
  };
  #ids = 0;

  constructor(port: Port) {
    this.#port = port;
    port.on("message", this.#receive);
  }

  /** Resolves when the record is durable. @throws EngineError */
  append(topic: string, record: NewRecord): Promise<RecordPosition> {
    return new Promise((resolve, reject) => {
      const id = this.#ids++;
      this.#waiting.set(id, { resolve, reject });
      this.#port.postMessage({ kind: "append", id, topic, record } satisfies AppendMessage);
    });
  }

  /** Hears nothing any more: whether what still waits is durable stays unknown. */
  stop(): void {
    this.#port.off("message", this.#receive);
    for (const { reject } of this.#waiting.values()) {
      reject(closedError());
    }
    this.#waiting.clear();
  }
}
