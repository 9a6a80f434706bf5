import { type Hiding, hiding, redacted, secretForms } from "@pintle/kit/values";

/** Text with every secret in it replaced. */
export type Redact = (text: string) => string;

/**
 * Shorter values are left alone: they guess nothing worth hiding, and replacing every `a` would
 * make a log unreadable.
 */
const shortestSecret = 6;

/**
 * Makes the function through which every log line passes on its way out. It knows the secrets by
 * value, so it also catches one that a library has put into a message of its own, and one that was
 * escaped by JSON.
 */
export function redactor(secrets: Iterable<string>): Redact {
  const forms = new Set([...secrets].filter(({ length }) => length >= shortestSecret).flatMap(secretForms));
  // Longest first, so that a secret that contains another is replaced as a whole.
  const ordered = [...forms].sort((a, b) => b.length - a.length);
  return (text) => ordered.reduce((result, form) => result.replaceAll(form, redacted), text);
}

/**
 * Hides secrets, and learns: what was a secret once stays hidden, for it may still stand in a
 * message.
 */
export class Redactor {
  readonly #secrets = new Set<string>();
  #redact: Redact = (text) => text;
  #hiding: Hiding = hiding([]);

  /** Redacts lines of the log, where a secret is hidden rather once too often. */
  readonly redact: Redact = (text) => this.#redact(text);

  /** Hides secrets in what people look at, by the place where they stand. */
  get hiding(): Hiding {
    return this.#hiding;
  }

  learn(secrets: Iterable<string>): void {
    const before = this.#secrets.size;
    for (const secret of secrets) this.#secrets.add(secret);
    if (this.#secrets.size === before) return;
    this.#redact = redactor(this.#secrets);
    this.#hiding = hiding(this.#secrets);
  }
}
