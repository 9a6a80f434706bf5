/** What a configuration says of the engine. */
export interface EngineConfig {
  /** `embedded`: files in the data folder. */
  readonly type: "embedded";
  /**
   * Into how many partitions events are divided, by their user keys. A data folder keeps the number
   * that it began with.
   */
  readonly partitions: number;
}

export const defaultEngine: EngineConfig = { type: "embedded", partitions: 1 };
