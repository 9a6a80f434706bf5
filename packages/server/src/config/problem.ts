import { ServerError } from "../errors.ts";

/** One thing that is wrong in a configuration. */
export interface ConfigProblem {
  /**
   * The place, as one would write it in JavaScript: `sources[0].writeKey`, `destinations["my
   * hook"].url`; `""` for the whole.
   */
  readonly path: string;
  /** What is wrong, the value, what is allowed: one line, no secret. */
  readonly message: string;
}

/** A configuration that says something that is not allowed. `message` has one line per problem. */
export class InvalidConfigError extends ServerError {
  override readonly name: string = "InvalidConfigError";
  readonly file: string | undefined;
  readonly problems: readonly ConfigProblem[];
  /** What of a `workspaceConfig.json` was left out beside them, one line each. */
  readonly omitted: readonly string[];

  constructor(file: string | undefined, problems: readonly ConfigProblem[], omitted: readonly string[] = []) {
    const prefix = file === undefined ? "configuration" : file;
    super(
      "PINTLE_CONFIG_INVALID",
      [
        ...problems.map(({ path, message }) => [prefix, path, message].filter(Boolean).join(": ")),
        ...omitted.map((line) => `${prefix}: not carried over: ${line}`),
      ].join("\n"),
    );
    this.omitted = omitted;
    this.file = file;
    this.problems = problems;
  }
}

export function formatPath(path: readonly PropertyKey[]): string {
  let text = "";
  for (const key of path) {
    if (typeof key === "number") text += `[${key}]`;
    else if (/^[A-Za-z_$][\w$]*$/.test(String(key))) text += text === "" ? String(key) : `.${String(key)}`;
    else text += `[${JSON.stringify(String(key))}]`;
  }
  return text;
}

/** The keys that `formatPath` made this text of. */
export function parsePath(text: string): (string | number)[] {
  return [...text.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|([A-Za-z_$][\w$]*)/g)].map(([, index, quoted, name]) =>
    index !== undefined ? Number(index) : quoted !== undefined ? (JSON.parse(quoted) as string) : (name ?? ""),
  );
}

/** A text of the owner's in quotes, as much of it as a line has room for. */
export function quoted(text: string): string {
  const whole = JSON.stringify(text);
  return whole.length > 100 ? `${whole.slice(0, 99)}…"` : whole;
}
