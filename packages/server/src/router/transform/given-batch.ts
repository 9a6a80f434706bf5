import type { Answers } from "./answers.ts";
import type { Job } from "./job.ts";

/** Events that the process was given together. */
export interface GivenBatch {
  /** How many it was given before. */
  readonly number: number;
  readonly jobs: readonly Job[];
  readonly answers: Answers;
  /** No other one is given until it is over. */
  readonly isAlone: boolean;
}

/** The events of a batch that have no answer yet. */
export function unanswered({ jobs, answers }: GivenBatch): readonly Job[] {
  return jobs.slice(answers.next);
}
