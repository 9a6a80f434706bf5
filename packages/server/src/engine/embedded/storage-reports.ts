import type { Damage, RetentionReport } from "@pintle/log";
import type { PlaneLogger } from "../../logger.ts";
import { RetentionReports } from "./retention-reports.ts";

/** Tells the owner of the data plane what becomes of stored records: damage, and retention. */
export class StorageReports {
  readonly #logger: PlaneLogger;
  readonly #retention = new Map<string, RetentionReports>();

  constructor(logger: PlaneLogger) {
    this.#logger = logger;
  }

  damaged(topic: string, damage: readonly Damage[]): void {
    for (const { remains, ...item } of damage) {
      if (remains !== true) this.#logger.error({ topic, ...item }, "part of the log cannot be read");
      else
        this.#logger.info({ topic, ...item }, "the last write was broken off, and what is left of it is passed over");
    }
  }

  retained(topic: string, report: RetentionReport, now: number): void {
    const reports = this.#retention.get(topic) ?? new RetentionReports(topic, this.#logger);
    this.#retention.set(topic, reports);
    reports.add(report, now);
  }

  /** Tells what is due. */
  tell(now: number): void {
    for (const reports of this.#retention.values()) reports.tell(now);
  }

  /** Tells all that was not told yet. */
  flush(now: number): void {
    for (const reports of this.#retention.values()) reports.flush(now);
  }
}
