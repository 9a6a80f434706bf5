import type { CarriedStep, WatchedDestinations } from "../ledger/step-sender.ts";
import type { StepWatcher } from "./running-router.ts";

/** The watchers of destinations, in the main thread. */
export class Watchers {
  readonly #all = new Map<object, { readonly watched: WatchedDestinations; readonly watcher: StepWatcher }>();
  readonly #changed: (watched: WatchedDestinations) => void;

  /** @param changed told which destinations are watched by anybody, when that changes */
  constructor(changed: (watched: WatchedDestinations) => void) {
    this.#changed = changed;
  }

  /** Gives a function that ends it. */
  add(watched: WatchedDestinations, watcher: StepWatcher): () => void {
    const key = {};
    this.#all.set(key, { watched, watcher });
    this.#changed(this.#together);
    return () => this.#end(key);
  }

  tell(steps: readonly CarriedStep[], dropped: number): void {
    for (const [key, { watched, watcher }] of this.#all) {
      const its = watched === "all" ? steps : steps.filter(({ destinationId }) => watched.includes(destinationId));
      if (its.length === 0 && dropped === 0) continue;
      try {
        watcher(its, dropped);
      } catch {
        // It is no part of the way of events.
        this.#end(key);
      }
    }
  }

  #end(key: object): void {
    if (this.#all.delete(key)) this.#changed(this.#together);
  }

  get #together(): WatchedDestinations {
    const all = [...this.#all.values()];
    if (all.some(({ watched }) => watched === "all")) return "all";
    return [...new Set(all.flatMap(({ watched }) => watched))];
  }
}
