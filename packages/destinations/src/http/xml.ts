import { isObject } from "@pintle/events";
import { asText } from "@pintle/kit";
import type { FormatOptions } from "./format.ts";

// XML 1.0, 2.3, without the colon, which namespaces have taken.
const nameStart =
  "A-Z_a-z\\xC0-\\xD6\\xD8-\\xF6\\xF8-\\u{2FF}\\u{370}-\\u{37D}\\u{37F}-\\u{1FFF}\\u{200C}\\u{200D}\\u{2070}-\\u{218F}\\u{2C00}-\\u{2FEF}\\u{3001}-\\u{D7FF}\\u{F900}-\\u{FDCF}\\u{FDF0}-\\u{FFFD}\\u{10000}-\\u{EFFFF}";
const nameRest = `${nameStart}\\-.0-9\\xB7\\u{300}-\\u{36F}\\u{203F}-\\u{2040}`;
const plainName = new RegExp(`^[${nameStart}][${nameRest}]*$`, "u");
const prefixedName = new RegExp(`^[${nameStart}][${nameRest}]*:[${nameStart}][${nameRest}]*$`, "u");

// XML 1.0, 2.2: all characters but these, and halves of characters.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const forbidden = /[\0-\x08\x0B\x0C\x0E-\x1F\uFFFE\uFFFF]|\p{Surrogate}/gu;

/** The key of what stands in an element beside its attributes. */
const textKey = "#text";

/** Whether a configuration may give an element this name. */
export function isXmlName(name: string): boolean {
  return plainName.test(name) || prefixedName.test(name);
}

/** Whether it may use this key: `name`, `@name`, `#text`. */
export function isXmlKey(key: string): boolean {
  return key === textKey || isXmlName(key.replace(/^@/, ""));
}

/**
 * An object as an XML document: keys are elements, lists are the element again and again, `@name`
 * is an attribute, and `#text` what stands beside attributes. `null` is left out. What XML cannot
 * carry is left out and told: names that are none, characters that it forbids.
 */
export function xmlOf(root: string, body: object, options: FormatOptions): string {
  return `<?xml version="1.0" encoding="UTF-8"?>${new XmlWriter(options).element(root, body, "body")}`;
}

class XmlWriter {
  readonly #declared: ReadonlySet<string>;
  readonly #changed: FormatOptions["changed"];

  constructor({ declared, changed }: FormatOptions) {
    this.#declared = declared;
    this.#changed = changed;
  }

  element(name: string, value: unknown, where: string): string {
    if (!isObject(value)) return `<${name}>${this.#text(asText(value), where)}</${name}>`;
    let attributes = "";
    let content = "";
    for (const [key, inner] of Object.entries(value)) {
      if (inner === undefined || inner === null) continue;
      const here = `${where}.${key}`;
      if (key === textKey) content += this.#text(asText(inner), here);
      else if (!key.startsWith("@")) content += this.#elements(key, inner, here);
      else if (typeof inner === "object") this.#changed("invalid_value", here);
      else if (this.#isName(key.slice(1), key, here))
        attributes += ` ${key.slice(1)}="${this.#attribute(asText(inner), here)}"`;
    }
    return `<${name}${attributes}>${content}</${name}>`;
  }

  #elements(name: string, value: unknown, where: string): string {
    if (!this.#isName(name, name, where)) return "";
    const items = Array.isArray(value) ? value.flat(Number.POSITIVE_INFINITY) : [value];
    const there = items.filter((item) => item !== undefined && item !== null);
    return there.map((item) => this.element(name, item, where)).join("");
  }

  #isName(name: string, key: string, where: string): boolean {
    const isOne = plainName.test(name) || (this.#declared.has(key) && prefixedName.test(name));
    if (!isOne) this.#changed("invalid_name", where);
    return isOne;
  }

  #text(text: string, where: string): string {
    // A carriage return would be read as a line feed.
    return this.#allowed(text, where).replace(/[&<>\r]/g, (character) => entities[character]!);
  }

  #attribute(text: string, where: string): string {
    // White space other than blanks would be read as blanks.
    return this.#allowed(text, where).replace(/[&<>"\t\n\r]/g, (character) => entities[character]!);
  }

  #allowed(text: string, where: string): string {
    const allowed = text.replace(forbidden, "");
    if (allowed.length < text.length) this.#changed("invalid_character", where);
    return allowed;
  }
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\t": "&#9;",
  "\n": "&#10;",
  "\r": "&#13;",
};
