import type { PintleError } from "../errors.ts";
import type { BacklogObserver } from "./backlog.ts";

/** Whoever is told what a delivery does. */
export interface DeliveryObserver extends BacklogObserver {
  problem(error: PintleError, kind: string): void;
  debug(text: () => string): void;
}
