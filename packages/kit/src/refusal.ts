/** An event that the service would not take, which is found while its request is made. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly reason: string;
  readonly detail: string | undefined;

  constructor(reason: string, detail: string | undefined) {
    super(detail ?? reason);
    this.reason = reason;
    this.detail = detail;
  }
}

/**
 * An error for `requests` to throw: the event becomes a dead letter with this reason, in place of `request`.
 *
 * @param reason a short fixed word in small letters, like `too_old`: it names a counter, so nothing of an event is in it
 * @param detail one line for people: which field, and what is wrong with it
 * @throws TypeError for a reason that is no such word
 */
export function refuse(reason: string, detail?: string): Error {
  if (!/^[a-z][a-z0-9_]{0,63}$/.test(reason)) {
    throw new TypeError(`A reason is a word of a-z, 0-9 and _, like "too_old", not ${JSON.stringify(reason)}`);
  }
  return new Refusal(reason, detail);
}
