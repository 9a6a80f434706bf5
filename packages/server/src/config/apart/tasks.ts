import type { CaseTable, runCases } from "@pintle/kit";
import type { DataPlaneConfig } from "../config.ts";

/** A configuration without what cannot be handed from process to process. */
export type PlainConfig = Omit<DataPlaneConfig, "redact" | "ownTypes">;

/**
 * What is done in a process of its own since it runs code of the data plane's owner: what each task
 * takes and gives.
 */
export interface Tasks {
  readonly config: {
    readonly takes: {
      /** Absolute path. */
      readonly file: string;
      /** The file as messages name it. */
      readonly shownAs: string;
      readonly environment: Readonly<Record<string, string | undefined>>;
      readonly workspace: string | undefined;
    };
    readonly gives: PlainConfig;
  };
  /** Runs a table of cases for the destination type in a module. */
  readonly cases: {
    readonly takes: {
      /** Absolute path of the module. */
      readonly module: string;
      readonly shownAs: string;
      readonly table: CaseTable;
      /** The table as messages name it. */
      readonly file: string;
    };
    readonly gives: Awaited<ReturnType<typeof runCases>>;
  };
}

export type TaskName = keyof Tasks;

/** What the process is told: one message, and then nothing more. */
export type Order = { [Name in TaskName]: { readonly name: Name; readonly takes: Tasks[Name]["takes"] } }[TaskName];

/** What it answers, once. */
export type TaskAnswer =
  | { readonly kind: "done"; readonly value: Tasks[TaskName]["gives"] }
  | { readonly kind: "refused"; readonly refusal: PlainRefusal }
  /** A fault of Pintle, or of what the code has done to its process. */
  | { readonly kind: "fault"; readonly stack: string };

/** A `ServerError` without its class. */
export interface PlainRefusal {
  readonly code: string;
  readonly message: string;
  /** What an `InvalidConfigError` has besides. */
  readonly config?: {
    readonly file: string | undefined;
    readonly problems: readonly { readonly path: string; readonly message: string }[];
    readonly omitted?: readonly string[];
  };
}
