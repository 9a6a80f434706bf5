/** Bytes of a status line that are looked at: no server says more in it. */
const longestLine = 8 * 1024;

/**
 * The status of an answer from its first bytes, by the status line alone (RFC 9112, 4), whatever
 * follows. Informational answers (1xx) before it are skipped. 0 if no status line is complete: the
 * rest of a truncated line could change it.
 */
export function statusOf(heard: readonly Uint8Array[]): number {
  const bytes = Buffer.concat(heard);
  let at = 0;
  for (;;) {
    // Empty lines before it are to be passed over, as a line break too many behind the answer
    // before.
    while (bytes[at] === cr || bytes[at] === lf) at++;
    const end = bytes.indexOf(lf, at);
    if (end === -1 || end - at > longestLine) return 0;
    const line = /^HTTP\/1\.\d ([1-9]\d\d)(?: .*)?\r?$/s.exec(bytes.toString("latin1", at, end));
    if (line === null) return 0;
    const status = Number(line[1]);
    if (status >= 200) return status;
    // The head of an informational answer ends with an empty line, and so does the answer.
    at = headEnd(bytes, end);
    if (at === -1) return 0;
  }
}

const cr = 13;
const lf = 10;

/**
 * Finds the position after the empty line that ends a head, one of whose lines ends at `lineEnd`;
 * -1 where there is none.
 */
function headEnd(bytes: Buffer, lineEnd: number): number {
  for (let end = lineEnd; end !== -1; end = bytes.indexOf(lf, end + 1)) {
    const next = bytes[end + 1] === cr ? end + 2 : end + 1;
    if (bytes[next] === lf) return next + 1;
  }
  return -1;
}
