import type { MessagePort } from "node:worker_threads";
import type { Destination, Source } from "../config/config.ts";
import type { RouterStatus } from "./status.ts";

/** What the router's thread is given when it starts. */
export interface RouterThreadData {
  /** The data folder. */
  readonly directory: string;
  /** Where relative paths in settings of destinations start. */
  readonly configDirectory: string;
  readonly sources: readonly Source[];
  readonly destinations: readonly Destination[];
  readonly version: string;
  /** The way to the engine that writes `events`. */
  readonly feed: MessagePort;
}

export type LogLevel = "debug" | "info" | "warn" | "error";

/** From the main thread to the router's. */
export type ToRouter =
  | { readonly kind: "status"; readonly id: number }
  /** @see Router.close */
  | { readonly kind: "close"; readonly within: number };

/** From the router's thread to the main one. */
export type FromRouter =
  | { readonly kind: "ready" }
  | { readonly kind: "status"; readonly id: number; readonly status: RouterStatus }
  | { readonly kind: "log"; readonly level: LogLevel; readonly fields: object; readonly message: string }
  | { readonly kind: "closed" };
