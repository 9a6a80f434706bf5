/** Text with every secret in it replaced. */
export type Redact = (text: string) => string;

/**
 * Shorter values are left alone: they guess nothing worth hiding, and replacing every `a` would make a log unreadable.
 */
const shortestSecret = 6;

/**
 * Makes the function through which everything passes that leaves the process as text for people: log lines, error
 * messages, answers of the admin port. It knows the secrets by value, so it also catches one that a library has put
 * into a message of its own, and one that was escaped by JSON.
 */
export function redactor(secrets: Iterable<string>): Redact {
  const forms = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < shortestSecret) continue;
    forms.add(secret);
    forms.add(JSON.stringify(secret).slice(1, -1));
    forms.add(encodeURIComponent(secret));
    // As HTTP Basic sends a write key.
    forms.add(Buffer.from(`${secret}:`).toString("base64"));
  }
  // Longest first, so that a secret that contains another is replaced as a whole.
  const ordered = [...forms].sort((a, b) => b.length - a.length);
  return (text) => ordered.reduce((result, form) => result.replaceAll(form, "[redacted]"), text);
}

/** A `Redact` that learns: what was a secret once stays hidden, for it may still stand in a message. */
export class Redactor {
  readonly #secrets = new Set<string>();
  #redact: Redact = (text) => text;

  readonly redact: Redact = (text) => this.#redact(text);

  learn(secrets: Iterable<string>): void {
    const before = this.#secrets.size;
    for (const secret of secrets) this.#secrets.add(secret);
    if (this.#secrets.size > before) this.#redact = redactor(this.#secrets);
  }
}
