/** The setting `router` of a configuration. */
export interface RouterSetting {
  /** How many threads it has. @default by what the machine has */
  readonly threads?: number | undefined;
}
