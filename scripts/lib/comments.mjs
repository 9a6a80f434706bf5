// Comments end at a column that reads well beside the code: `check` finds those that do not, `fix`
// wraps them. Code, tables and drawings in comments may be as wide as code.
import { parseSync } from "oxc-parser";

/** The last column of a comment. */
const width = 100;

/** A line for a tool, which reads it as one. */
const forTools = /biome-ignore|@ts-|# sourceMapping/;
/** A line that cannot be broken: a single word, such as a URL. */
const oneWord = /^\s*(?:\/\/|\/\*\*?|\*)?\s*\S+(?:\s*\*\/)?$/;
/** The beginning of a paragraph of its own. */
const opening = /^(?:@\w|[-*] |\d+\. )/;
/** Lines that are not wrapped: code, tables, drawings. */
const drawn = /^(?:\s{2,}|\||[+=~-]{2,})|\S\s{2,}\S|[│┌└├─]/;

/**
 * The source with its wide comments wrapped: paragraphs that have a wide line are filled anew, all
 * else stays.
 */
export function wrapComments(file, text) {
  const lines = text.split("\n");
  for (const { from, to, isBlock, code } of spansOf(file, text).reverse()) {
    if (!lines.slice(from, to + 1).some(isWide)) continue;
    const indent = /^\s*/.exec(lines[from])[0];
    if (code !== undefined) {
      lines.splice(from, 1, ...fill(code.comment, `${indent}// `), code.before);
      continue;
    }
    const wrapped = isBlock
      ? wrapBlock(lines.slice(from, to + 1), indent)
      : wrapLines(lines.slice(from, to + 1), indent);
    lines.splice(from, to - from + 1, ...wrapped);
  }
  return lines.join("\n");
}

/** The lines of each comment, in order; neighbouring comments of one line are taken together. */
function spansOf(file, text) {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  const lineOf = (position) => {
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle] <= position) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  const spans = [];
  for (const { type, start, end, value } of parseSync(file, text).comments) {
    const [from, to] = [lineOf(start), lineOf(end)];
    const before = text.slice(starts[from], start);
    if (before.trim() !== "") {
      // Behind code: it can go above it, where it is the rest of its line.
      if (type === "Line")
        spans.push({ from, to, isBlock: false, code: { before: before.trimEnd(), comment: value.trim() } });
      continue;
    }
    const rest = text.slice(end, starts[to + 1] === undefined ? text.length : starts[to + 1] - 1);
    if (rest.trim() !== "") continue;
    const last = spans.at(-1);
    const joins = type === "Line" && last?.isBlock === false && last.code === undefined && last.to === from - 1;
    if (joins && last.indent === before) last.to = to;
    else spans.push({ from, to, isBlock: type === "Block", indent: before });
  }
  return spans;
}

function wrapBlock(lines, indent) {
  const opener = lines[0].trim().startsWith("/**") ? "/**" : "/*";
  const body = lines
    .map((line, index) => {
      let inner = line.trim();
      if (index === 0) inner = inner.slice(opener.length);
      else if (inner.startsWith("*") && !inner.startsWith("*/")) inner = inner.slice(1);
      return index === lines.length - 1 ? inner.replace(/\s*\*\/$/, "") : inner;
    })
    .map((inner) => inner.replace(/^ /, "").trimEnd());
  if (body[0] === "") body.shift();
  if (body.at(-1) === "") body.pop();
  const out = wrapText(body, `${indent} * `);
  return [`${indent}${opener}`, ...out, `${indent} */`];
}

function wrapLines(lines, indent) {
  return wrapText(
    lines.map((line) => line.trim().slice(2).replace(/^ /, "")),
    `${indent}// `,
  );
}

/** Fills the paragraphs that have a wide line; `prefix` stands in front of each line. */
function wrapText(body, prefix) {
  const out = [];
  let paragraph = [];
  let hang = "";
  let isCode = false;
  const flush = () => {
    const whole = paragraph.map((line) => `${prefix}${line}`.trimEnd());
    const text = paragraph.map((line) => line.trim()).join(" ");
    out.push(...(whole.some(isWide) ? fill(text, prefix, hang) : whole));
    paragraph = [];
    hang = "";
  };
  for (const line of body) {
    const isFence = line.trimStart().startsWith("```");
    // The lines below an item of a list that belong to it.
    const isItem = hang !== "" && paragraph.length > 0 && line.startsWith(hang) && /^\S/.test(line.slice(hang.length));
    if (isCode || isFence || line === "" || forTools.test(line) || (drawn.test(line) && !isItem)) {
      flush();
      out.push(`${prefix}${line}`.trimEnd());
      if (isFence) isCode = !isCode;
      continue;
    }
    if (opening.test(line)) {
      flush();
      hang = " ".repeat(/^(?:[-*]|\d+\.) /.exec(line)?.[0].length ?? 0);
    } else if (hang !== "" && !isItem) flush();
    paragraph.push(line);
  }
  flush();
  return out;
}

function fill(text, prefix, hang = "") {
  const lines = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line.trim() !== "" && columns(`${prefix}${line} ${word}`) > width) {
      lines.push(line);
      line = `${hang}${word}`;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].map((each) => `${prefix}${each}`);
}

function isWide(line) {
  return columns(line) > width && !forTools.test(line) && !oneWord.test(line);
}

function columns(text) {
  return [...text].length;
}
