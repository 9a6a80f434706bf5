import {
  asText,
  type Placeholder,
  placed,
  readTemplate,
  refuse,
  type Template,
  TemplateError,
  type TemplateScope,
} from "@pintle/kit";

/** A URL with places in its path and its query. */
export interface UrlTemplate {
  readonly path: Template;
  /** The text from the `?` on; empty where there is none. */
  readonly query: Template;
}

/**
 * Reads the URL of a request. Scheme, host and port have no places: events do not choose servers.
 *
 * @returns what is wrong with it, as a text, where something is
 */
export function readUrl(url: string): UrlTemplate | string {
  const origin = /^https?:\/\/[^/?#]*/i.exec(url)?.[0];
  if (origin === undefined) return "A URL starts with http:// or https://";
  if (origin.includes("{{"))
    return "{{...}} may stand in the path and in the query, not in host or port: events would choose servers";
  if (!URL.canParse(origin)) return "A URL has a host, and a port of at most 65535";
  const { username, password } = new URL(origin);
  if (username + password !== "") return "A URL carries no user and password: use auth";
  try {
    const template = readTemplate(url);
    if (template.some((part) => typeof part === "string" && part.includes("#")))
      return "A URL has no fragment: it is not sent";
    return split(template);
  } catch (error) {
    if (error instanceof TemplateError) return error.message;
    throw error;
  }
}

/** The parts before the first `?`, and from it on. */
function split(template: Template): UrlTemplate {
  const at = template.findIndex((part) => typeof part === "string" && part.includes("?"));
  const part = template[at];
  if (typeof part !== "string") return { path: template, query: [] };
  const mark = part.indexOf("?");
  return {
    path: [...template.slice(0, at), part.slice(0, mark)],
    query: [part.slice(mark), ...template.slice(at + 1)],
  };
}

/**
 * The URL for an event. What is put in is percent-encoded, slashes as well.
 *
 * @throws EventRefusal `missing_value` for a place in the path that would stay empty,
 * `invalid_value` for one that makes a `.` or `..` of its segment, which would lead to somewhere
 * else
 */
export function urlOf({ path, query }: UrlTemplate, scope: TemplateScope): string {
  const whole = path.map((part) => (typeof part === "string" ? part : filled(part, scope))).join("");
  const places = path.filter((part) => typeof part !== "string");
  if (places.length > 0 && whole.split("/").some(isDots)) {
    const [place] = places;
    throw refuse("invalid_value", `${place?.text} in the path of url makes it lead to another path`);
  }
  const rest = query.map((part) => (typeof part === "string" ? part : encoded(asText(placed(part, scope)))));
  return whole + rest.join("");
}

function filled(place: Placeholder, scope: TemplateScope): string {
  const text = asText(placed(place, scope));
  if (text === "") throw refuse("missing_value", `${place.text} in the path of url`);
  return encoded(text);
}

/** How URLs write "here" and "one up", with encoded dots as well. */
function isDots(segment: string): boolean {
  return /^(?:\.|%2e){1,2}$/i.test(segment);
}

/** Encodes as `encodeURIComponent` does, which throws on half a character. */
export function encoded(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString());
}
