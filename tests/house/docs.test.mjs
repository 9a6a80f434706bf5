import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { commands } from "../../packages/server/dist/cli/commands.js";
import { keysAt } from "../../packages/server/dist/config/issues.js";
import { loadConfig } from "../../packages/server/dist/config/load-config.js";
import { configSchema } from "../../packages/server/dist/config/schema.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (file) => readFileSync(join(root, file), "utf8");

test("docs/configuration.md has every key of a source", () => {
  const text = read("docs/configuration.md");
  for (const key of keysAt(configSchema, ["sources", 0])) assert.ok(text.includes(`| \`${key}\` |`), key);
});

test("docs/README.md lists every page", () => {
  const index = read("docs/README.md");
  for (const entry of readdirSync(join(root, "docs"), { withFileTypes: true })) {
    const page = entry.isDirectory() ? `${entry.name}/README.md` : entry.name;
    if (page !== "README.md") assert.ok(index.includes(`](${page})`), page);
  }
});

test("ARCHITECTURE.md sends its reader to files that have the name", () => {
  const section = read("ARCHITECTURE.md").split("## Where it is decided")[1]?.split("\n## ")[0] ?? "";
  const rows = [...section.matchAll(/^\| .+ \| `(.+)` \| `(.+)` \|$/gm)];
  assert.ok(rows.length > 10, `${rows.length} rows`);
  for (const [, file, name] of rows) {
    const declared = new RegExp(`^ *(export )?(async )?(class |function |type |interface )?${name}\\b`, "m");
    assert.match(read(file), declared, `${file}: ${name}`);
  }
});

test("docs/command-line.md has every command with every flag", () => {
  const text = read("docs/command-line.md");
  for (const { name, flags } of commands) {
    // By itself, or with the others of its group.
    const group = `## \`pintle ${name.split(" ")[0]}\``;
    const start = Math.max(text.indexOf(`## \`pintle ${name}`), text.indexOf(group));
    assert.ok(start > 0, `it has a section on ${name}`);
    // A command that stands under a heading with others shares the flags that are listed there.
    const from = text[start - 1] === "#" ? text.lastIndexOf("\n## ", start) : start;
    const section = text.slice(from, text.indexOf("\n## ", start + 1));
    for (const [flag, { value }] of Object.entries(flags)) {
      const written = value === undefined ? `--${flag}` : `--${flag} ${value}`;
      assert.ok(section.includes(`| \`${written}\` |`), `${name} ${written}`);
    }
  }
});

test("every whole configuration that a page shows can be loaded", async () => {
  const environment = new Proxy(
    {},
    {
      get: (_, name) =>
        name === "DATABASE_URL" ? "postgres://u:p@db/x" : name.endsWith("_URL") ? "https://example.com" : "some-secret",
    },
  );
  const folder = mkdtempSync(join(tmpdir(), "pintle-docs-"));
  try {
    let shown = 0;
    for (const page of ["README.md", ...pages()]) {
      // What a configuration imports stands on the same page.
      for (const [, name, code] of read(page).matchAll(/<!-- file: ([\w.-]+) -->\n```\w+\n([\s\S]*?)```/g)) {
        writeFileSync(join(folder, name), code);
      }
      for (const [, language, code] of read(page).matchAll(/```(ts|json)\n([\s\S]*?)```/g)) {
        const isWhole = language === "ts" ? code.includes("export default defineConfig(") : code.includes('"sources":');
        if (!isWhole) continue;
        const file = join(folder, `${++shown}.${language}`);
        writeFileSync(file, code);
        await assert.doesNotReject(loadConfig(file, { environment }), page);
      }
    }
    assert.ok(shown >= 4, `${shown} found`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("links between documents lead to files and headings that are there", () => {
  const files = execFileSync("git", ["ls-files", "*.md"], { cwd: root, encoding: "utf8" }).trim().split("\n");
  const broken = [];
  for (const file of files.filter((name) => existsSync(join(root, name)))) {
    const text = read(file).replace(/```[\s\S]*?```/g, "");
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [path, anchor] = target.split("#");
      const found = path === "" ? join(root, file) : resolve(root, dirname(file), path);
      if (!existsSync(found)) broken.push(`${file}: ${target}`);
      else if (anchor !== undefined && !anchorsOf(readFileSync(found, "utf8")).includes(anchor))
        broken.push(`${file}: ${target}`);
    }
  }
  assert.deepEqual(broken, []);
});

/** Every page of docs. */
function pages() {
  const names = readdirSync(join(root, "docs"), { recursive: true }).filter((name) => name.endsWith(".md"));
  return names.map((name) => `docs/${name}`);
}

/** The names that GitHub gives to headings. */
function anchorsOf(text) {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
