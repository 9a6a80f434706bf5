/** Somebody else has claimed a partition. It is theirs until it is claimed again. */
export class FencedError extends Error {
  override readonly name = "FencedError";
}
