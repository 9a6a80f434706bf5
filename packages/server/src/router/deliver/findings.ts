import type { Retry } from "@pintle/kit";
import type { Entry } from "../lanes/entry.ts";

/** What the outcomes of a batch say about the destination. */
export interface Findings {
  /** Whether it was asked about any of the events, and about one for the first time. */
  wasAsked: boolean;
  hasFirst: boolean;
  /** Whether it took an event, or refused one for what it is. */
  gotThrough: boolean;
  /** The worst failure of each scope. */
  sick: Retry | undefined;
  failed: Retry | undefined;
  /** Whether most of the latest first attempts failed. */
  mostFail: boolean;
  /** What was wrong with the answer to an event that it took. */
  flaw: string | undefined;
  /** Events that are tried again, the last one first. */
  readonly again: { readonly entry: Entry; readonly outcome: Retry }[];
}

export function newFindings(): Findings {
  return {
    wasAsked: false,
    hasFirst: false,
    gotThrough: false,
    sick: undefined,
    failed: undefined,
    mostFail: false,
    flaw: undefined,
    again: [],
  };
}
