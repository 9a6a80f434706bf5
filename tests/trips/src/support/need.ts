export interface Need {
  /** Whether it is there; anything truthy counts. */
  readonly found: unknown;
  /** The command that brings it. */
  readonly install: string;
}

/**
 * What a test needs that npm does not bring: `skip` is for node:test, with the reason that it
 * prints.
 */
export interface NeedAnswer {
  readonly skip: string | false;
}

/**
 * Says whether a test that needs something from outside npm can run.
 *
 * Missing: the test is skipped, loudly, by name, with the command that installs what is missing.
 * Under `PINTLE_REQUIRE_ALL=1` (which continuous integration sets) it throws instead, so that a
 * skip cannot hide there.
 *
 * ```ts
 * test("the Go SDK", need("Go", { found: goBinary, install: ".ci/install.sh go" }), async () => { ... });
 * ```
 */
export function need(
  name: string,
  { found, install }: Need,
  { requireAll = process.env.PINTLE_REQUIRE_ALL === "1", say = warn }: NeedOptions = {},
): NeedAnswer {
  if (found) return { skip: false };
  if (requireAll)
    throw new Error(`${name} is missing, and PINTLE_REQUIRE_ALL=1 allows no skip. Install it with: ${install}`);
  const reason = `${name} is missing. To run this test: ${install}`;
  say(`SKIPPED: ${reason}`);
  return { skip: reason };
}

export interface NeedOptions {
  readonly requireAll?: boolean;
  readonly say?: (line: string) => void;
}

function warn(line: string): void {
  process.stderr.write(`${line}\n`);
}
