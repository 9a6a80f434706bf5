/** The moves of a state machine: from each state, to which others. */
export type Moves<State extends string> = Readonly<Record<State, readonly State[]>>;

/**
 * Throws where a state machine would make a move that it does not know, which is a mistake of ours.
 */
export function assertMove<State extends string>(moves: Moves<State>, from: State, to: State): void {
  if (!moves[from].includes(to)) throw new Error(`moved from ${from} to ${to}, allowed is ${moves[from].join(" or ")}`);
}
