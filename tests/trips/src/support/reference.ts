/** What the API reference says, as TypeDoc writes it with `--json`. */

/** A part of a docstring. `target` is what a link leads to: the number of a name, or an address. */
interface Text {
  readonly kind: string;
  readonly text: string;
  readonly tag?: string;
  readonly target?: number | string | object;
}

interface Comment {
  readonly summary: readonly Text[];
  readonly blockTags?: readonly { readonly tag: string; readonly content: readonly Text[] }[];
}

/** A name, the parts that it has, and its docstring: that of a function is at its signature. */
interface Reflection {
  readonly id: number;
  readonly name: string;
  readonly kind: number;
  readonly comment?: Comment;
  readonly signatures?: readonly Reflection[];
  readonly getSignature?: Reflection;
  readonly children?: readonly Reflection[];
  /** There for what a class has from another. */
  readonly inheritedFrom?: { readonly target?: number };
}

/**
 * The whole reference: its children are the entries of the package, and theirs are the public
 * names.
 */
export interface Reference {
  readonly children: readonly Reflection[];
}

/** TypeDoc's numbers for the kinds of a name. */
const kinds = { class: 128, function: 64, variable: 32, method: 2048, accessor: 262_144, reference: 4_194_304 };

export interface Example {
  /** Where it stands, for example `express.pintleContext` or `sdk.Pintle.flush`. */
  readonly name: string;
  readonly code: string;
}

/** The examples of a name and of its parts. */
interface PublicName {
  readonly path: string;
  readonly reflection: Reflection;
  readonly own: readonly Example[];
  readonly all: readonly Example[];
}

/** Every example of the reference, each once: an inherited method shows that of its origin. */
export function examplesIn(reference: Reference): readonly Example[] {
  const byCode = new Map<string, Example>();
  for (const example of namesIn(reference).flatMap(({ all }) => all)) {
    if (!byCode.has(example.code)) byCode.set(example.code, example);
  }
  return [...byCode.values()];
}

/**
 * The public names that no example shows:
 *
 * - a class, a function or a value has to have one of its own;
 * - a method or an accessor has to be used in one of its class;
 * - a type has to have one, to be named in any, or to link to a name that has one.
 */
export function namesWithoutExample(reference: Reference): readonly string[] {
  const names = namesIn(reference);
  const shown = new Set(names.filter(({ own }) => own.length > 0).map(({ reflection }) => reflection.id));
  // What a method's example shows, the options and the result of the method are shown by, too.
  for (const { reflection } of names) {
    for (const part of reflection.children ?? []) if (codesOf(part).length > 0) shown.add(part.id);
  }
  const everything = examplesIn(reference)
    .map(({ code }) => code)
    .join("\n");
  return names.flatMap(({ path, reflection, own, all }) => {
    const { kind, name, children = [] } = reflection;
    if (kind === kinds.class) {
      const used = all.map(({ code }) => code).join("\n");
      const unused = children.filter(
        (part) => isCallable(part) && !isFromPublicName(part, names) && !isUsed(part, used),
      );
      return [...(own.length > 0 ? [] : [path]), ...unused.map((part) => `${path}.${part.name}`)];
    }
    if (own.length > 0) return [];
    if (kind === kinds.function || kind === kinds.variable) return [path];
    const isNamed = new RegExp(`\\b${name}\\b`).test(everything);
    return isNamed || linksOf(reflection).some((target) => shown.has(target)) ? [] : [path];
  });
}

function namesIn({ children }: Reference): readonly PublicName[] {
  return children.flatMap((entry) =>
    (entry.children ?? [])
      // The same name, exported once more.
      .filter(({ kind }) => kind !== kinds.reference)
      .map((reflection): PublicName => {
        const path = `${entry.name.split("/").at(-1)}.${reflection.name}`;
        const own = numbered(path, codesOf(reflection));
        const ofParts = (reflection.children ?? []).flatMap((part) =>
          numbered(`${path}.${part.name.replace(/\W/g, "")}`, codesOf(part)),
        );
        return { path, reflection, own, all: [...own, ...ofParts] };
      }),
  );
}

function numbered(path: string, codes: readonly string[]): readonly Example[] {
  return codes.map((code, i) => ({ name: i === 0 ? path : `${path}-${i + 1}`, code }));
}

function codesOf(reflection: Reflection): readonly string[] {
  return commentsOf(reflection)
    .flatMap(({ blockTags = [] }) => blockTags)
    .filter(({ tag }) => tag === "@example")
    .flatMap(({ content }) => content)
    .flatMap(({ text }) => /^```ts\n([\s\S]*)\n```$/.exec(text)?.[1] ?? [])
    .map((code) => `${code}\n`);
}

function linksOf(reflection: Reflection): readonly number[] {
  return commentsOf(reflection)
    .flatMap(({ summary }) => summary)
    .flatMap(({ target }) => (typeof target === "number" ? [target] : []));
}

function commentsOf({ comment, signatures = [], getSignature }: Reflection): readonly Comment[] {
  return [comment, getSignature?.comment, ...signatures.map((signature) => signature.comment)].filter(
    (each) => each !== undefined,
  );
}

function isCallable({ kind }: Reflection): boolean {
  return kind === kinds.method || kind === kinds.accessor;
}

function isFromPublicName({ inheritedFrom }: Reflection, names: readonly PublicName[]): boolean {
  const target = inheritedFrom?.target;
  return names.some(({ reflection }) => reflection.children?.some(({ id }) => id === target));
}

function isUsed({ name }: Reflection, code: string): boolean {
  return name === "[asyncDispose]" ? /\bawait using\b/.test(code) : new RegExp(`\\.${name}\\b`).test(code);
}
