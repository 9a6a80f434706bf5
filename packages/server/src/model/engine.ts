/** What a configuration says of the engine. */
export interface EngineConfig {
  /** `embedded`: files in the data folder. */
  readonly type: "embedded";
  /**
   * The number of partitions into which events are divided by user key. A data folder keeps the
   * number that it began with.
   */
  readonly partitions: number;
}

export const defaultEngine: EngineConfig = { type: "embedded", partitions: 1 };
