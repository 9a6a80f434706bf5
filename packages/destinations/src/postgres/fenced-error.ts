/**
 * An error where another process has claimed a partition, which is its own until it is claimed
 * again.
 */
export class FencedError extends Error {
  override readonly name = "FencedError";
}
