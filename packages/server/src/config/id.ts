/**
 * What an id may look like: it names topics and folders, on every file system, and is part of URLs.
 */
export const idPattern: RegExp = /^[a-z0-9_-]{1,64}$/;

/**
 * A name made to fit `idPattern`: letters lose their accents and capitals, whatever else does not
 * fit becomes one `-`. `""` when nothing of it is left (a name in Chinese): then the configuration
 * has to give an `id`.
 *
 * Positions are kept under ids, so the result for a given name can never change.
 */
export function fitId(name: string): string {
  return name
    .normalize("NFKD")
    .replace(/\p{Mark}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, "-")
    .slice(0, 64)
    .replace(/^-+|-+$/g, "");
}
