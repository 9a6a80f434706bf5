import { stringifyJson } from "@pintle/events";
import { readPath } from "./path.ts";
import { sourceValue, type TemplateScope, userPathProblem, type ValueSource } from "./scope.ts";

/** A text with placeholders that are filled from an event. */
export type Template = readonly TemplatePart[];

/** A piece of the text as it is, or a place. */
export type TemplatePart = string | Placeholder;

/** `{{path}}`, or `{{path | "else"}}`. */
export interface Placeholder {
  /** The path, as it was written. */
  readonly text: string;
  readonly source: ValueSource;
  readonly otherwise: string | undefined;
}

/** A template that cannot be read. `message` says which part of it, and what is right. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
}

/**
 * Reads a template: text with `{{path}}` and `{{path | "else"}}` in it. A path begins at the event,
 * `{{properties.products[0].name}}`, or at the resolver of `field`, `{{user.email}}`.
 * `{{"{{"}}` stands for the braces themselves.
 *
 * @throws TemplateError for braces that do not close, paths that do not parse, and what other
 * languages of templates have besides: blocks, helpers, partials
 */
export function readTemplate(text: string): Template {
  const parts: TemplatePart[] = [];
  let rest = 0;
  for (let open = text.indexOf("{{"); open !== -1; open = text.indexOf("{{", rest)) {
    if (open > rest) parts.push(text.slice(rest, open));
    const { part, end } = readPlace(text, open);
    parts.push(part);
    rest = end;
  }
  if (rest < text.length) parts.push(text.slice(rest));
  return parts;
}

const blank = /\s*/y;
const quoted = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/sy;

function readPlace(text: string, open: number): { readonly part: TemplatePart; readonly end: number } {
  let here = open + 2;
  const skip = (pattern: RegExp): string => {
    pattern.lastIndex = here;
    const found = pattern.exec(text)?.[0] ?? "";
    here += found.length;
    return found;
  };
  const fail = (what: string): never => {
    throw new TemplateError(`${shownFrom(text, open)}: ${what}`);
  };
  skip(blank);
  const sign = text[here] ?? "";
  if (/[#/^>&!{]/.test(sign)) fail(`blocks, helpers and partials are not part of templates; a place is {{path}}`);
  const constant = skip(quoted);
  const start = here;
  const { path, end } = constant === "" ? readPath(text, here, true) : { path: [], end: here };
  here = end;
  const written = text.slice(start, end);
  skip(blank);
  let otherwise: string | undefined;
  if (text[here] === "|") {
    here++;
    skip(blank);
    const said = skip(quoted);
    if (said === "") fail(`what stands after | is a text in quotes, as in {{${written} | "none"}}`);
    otherwise = unquoted(said);
    skip(blank);
  }
  if (!text.startsWith("}}", here)) {
    if (!text.includes("}}", open)) fail("}} is missing");
    fail('a place is a path, as in {{traits.email}} or {{user.email | "none"}}');
  }
  if (constant !== "") return { part: unquoted(constant), end: here + 2 };
  if (path.length === 0) fail("a path is missing between the braces");
  if (/^\$(?:$|[.[])/.test(written)) fail("within braces a path begins with a name, as in {{traits.email}}, without $");
  const isUser = written === "user" || /^user[.[]/.test(written);
  const problem = isUser ? userPathProblem(path.slice(1)) : undefined;
  if (problem !== undefined) fail(problem);
  const source: ValueSource = isUser ? { from: "user", path: path.slice(1) } : { from: "event", path };
  return { part: { text: written, source, otherwise }, end: here + 2 };
}

function shownFrom(text: string, open: number): string {
  const close = text.indexOf("}}", open);
  const shown = text.slice(open, close === -1 ? open + 40 : Math.min(close + 2, open + 80));
  return JSON.stringify(shown);
}

function unquoted(text: string): string {
  return text.slice(1, -1).replace(/\\(.)/gs, "$1");
}

/** The content of a placeholder: its value, or its fallback if that is absent or a blank text. */
export function placed({ source, otherwise }: Placeholder, scope: TemplateScope): unknown {
  const value = sourceValue(source, scope);
  const isBlank = typeof value === "string" && value.trim() === "";
  return value === undefined || isBlank ? (otherwise ?? value) : value;
}

/** A value as text: numbers and booleans by their digits and words, lists and objects as JSON. */
export function asText(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? stringifyJson(value) : String(value);
}

/**
 * The text of a template for an event.
 *
 * @param fit makes what is put into a place fit for where it stands. @default as it is
 */
export function rendered(template: Template, scope: TemplateScope, fit: (text: string) => string = String): string {
  return template.map((part) => (typeof part === "string" ? part : fit(asText(placed(part, scope))))).join("");
}
