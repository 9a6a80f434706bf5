import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { wrapComments } from "../../scripts/lib/comments.mjs";

const long = "word ".repeat(25).trim();
const cases = {
  "a narrow comment stays": ["// one\n// two\nlet a = 1;", "// one\n// two\nlet a = 1;"],
  "lines are filled as one paragraph": [
    `  // ${long}\n  // end\n  f();`,
    `  // ${"word ".repeat(19).trim()}\n  // ${"word ".repeat(6)}end\n  f();`,
  ],
  "a block of one line becomes one of several": [
    `/** ${long} */\nlet a;`,
    `/**\n * ${"word ".repeat(19).trim()}\n * ${"word ".repeat(6).trim()}\n */\nlet a;`,
  ],
  "a tag begins a paragraph, and so does an item, with its lines below it": [
    `/**\n * short\n * @param a ${long}\n * - ${long}\n *   more\n */\nlet a;`,
    [
      "/**",
      " * short",
      ` * @param a ${"word ".repeat(17).trim()}`,
      ` * ${"word ".repeat(8).trim()}`,
      ` * - ${"word ".repeat(19).trim()}`,
      ` *   ${"word ".repeat(6)}more`,
      " */",
      "let a;",
    ].join("\n"),
  ],
  "what stands behind code goes above it": [
    `  let a = 1; // ${long}`,
    `  // ${"word ".repeat(19).trim()}\n  // ${"word ".repeat(6).trim()}\n  let a = 1;`,
  ],
  "code, tables, directives and single words stay": [
    `/**\n * \`\`\`ts\n * f("${long}");\n * \`\`\`\n * | ${long} |\n */\n// biome-ignore ${long}\n// ${"x".repeat(120)}\nlet a;`,
    `/**\n * \`\`\`ts\n * f("${long}");\n * \`\`\`\n * | ${long} |\n */\n// biome-ignore ${long}\n// ${"x".repeat(120)}\nlet a;`,
  ],
  "what only looks like a comment stays": [`let a = \`// ${long}\`;`, `let a = \`// ${long}\`;`],
};

for (const [what, [text, wrapped]] of Object.entries(cases)) {
  test(what, () => assert.equal(wrapComments("a.ts", text), wrapped));
}

test("no word is lost, no line is too wide, and wrapping again changes nothing", () => {
  const word = fc.stringMatching(/^[a-zé.,:]{1,20}$/);
  const paragraph = fc.array(word, { minLength: 1, maxLength: 60 }).map((words) => words.join(" "));
  fc.assert(
    fc.property(
      fc.array(paragraph, { minLength: 1, maxLength: 4 }),
      fc.nat(8),
      fc.boolean(),
      (lines, depth, isBlock) => {
        const indent = " ".repeat(depth);
        const text = isBlock
          ? `${indent}/**\n${lines.map((line) => `${indent} * ${line}\n`).join("")}${indent} */\n${indent}f();`
          : `${lines.map((line) => `${indent}// ${line}\n`).join("")}${indent}f();`;
        const wrapped = wrapComments("a.ts", text);
        const words = (source) => source.match(/[a-zé.,:()]+/g);
        assert.deepEqual(words(wrapped), words(text));
        assert.ok(wrapped.split("\n").every((line) => [...line].length <= 100));
        assert.equal(wrapComments("a.ts", wrapped), wrapped);
      },
    ),
  );
});
