import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseSync } from "oxc-parser";
import { sources } from "../../scripts/lib/sources.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * The words with which a fragment begins that has lost its noun: "Of the log", "By id", "In bytes".
 */
const fragment =
  /^(?:After|As|At|Before|Behind|Between|By|For|From|In|It|Its|Of|On|Since|So|That|There|These|Those|To|Told|Under|Up|Who|Whom|Whose|With|Without) /;

/**
 * The docstrings of a file that begin with such a word, and the comments that begin with "Of", each
 * with its line.
 */
function fragmentsOf(file, text) {
  return parseSync(file, text)
    .comments.filter(({ type, value }) => (type === "Block" ? value.startsWith("*") : value.startsWith(" Of ")))
    .map(({ start, value }) => ({
      line: text.slice(0, start).split("\n").length,
      words: value.replace(/^\*?\s*(?:\*\s+)?/, "").split("\n")[0],
    }))
    .filter(({ words }) => fragment.test(words));
}

test("finds a fragment in every form of docstring, and in no other text", () => {
  const text = [
    "/** Of the log. */",
    "let a;",
    "/**",
    " * By id.",
    " */",
    "let b;",
    "/** Bytes of the log. By id. */",
    'const c = "/** Of text. */"; // Of a line.',
    "// By a line.",
    "/* Of a comment. */",
    "/** Offsets by partition. */",
  ].join("\n");
  assert.deepEqual(fragmentsOf("a.ts", text), [
    { line: 1, words: "Of the log. " },
    { line: 3, words: "By id." },
    { line: 8, words: "Of a line." },
  ]);
});

test("a docstring begins with a noun phrase, or a verb in the present tense", () => {
  const found = sources(root)
    .filter((file) => /^(?:packages\/[^/]+\/src|scripts|examples)\//.test(file) && !/\.test\.[a-z.]+$/.test(file))
    .flatMap((file) =>
      fragmentsOf(file, readFileSync(join(root, file), "utf8")).map(({ line, words }) => `${file}:${line}: ${words}`),
    );
  assert.deepEqual(found, []);
});
