/** What a format cannot carry. */
export type ChangeReason = "invalid_name" | "invalid_character" | "invalid_value";

export interface FormatOptions {
  /** Names that the configuration gives: they may do what names of events may not. */
  readonly declared: ReadonlySet<string>;
  /** Is told of what was left out, and where that stands: `body.a.b`. */
  readonly changed: (reason: ChangeReason, where: string) => void;
}
