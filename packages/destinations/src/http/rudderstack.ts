import { type RudderStackSettings, text, type WorkspaceObject } from "../rudderstack/settings.ts";
import type { Translator } from "../rudderstack/translator.ts";

export const translator: Translator = {
  definition: "HTTP",

  translate(settings, omit) {
    const method = (settings.text("method") || "POST").toUpperCase();
    if (!["POST", "PUT", "PATCH", "GET", "DELETE"].includes(method)) {
      omit(`all of it: requests of Pintle are never ${method}`);
      return undefined;
    }
    const hasBody = method !== "GET" && method !== "DELETE";
    const read = (from: unknown, what: string): string | undefined => {
      const value = mappingOf(text(from));
      if (value === undefined) omit(`its ${what}: a path with filters or functions`);
      return value;
    };
    const pairs = (key: string) => pairsOf(settings, key, read);
    const path = pathOf(settings, read);
    const format = { JSON: "json", XML: "xml", FORM: "form" }[settings.choice("format", ["JSON", "XML", "FORM"])];
    const root = settings.text("xmlRootKey");
    const auth = authOf(settings);
    const query = pairs("queryParams");
    const headers = pairs("headers");
    return {
      url: settings.text("apiUrl").replace(/\/+$/, path === "" ? "$&" : "") + path,
      ...(method === "POST" ? {} : { method }),
      ...(isEmpty(query) ? {} : { query }),
      ...(isEmpty(headers) ? {} : { headers }),
      ...(auth === undefined ? {} : { auth }),
      ...(hasBody && format !== undefined && format !== "json" ? { format } : {}),
      ...(hasBody && format === "xml" && root !== "" ? { xmlRoot: root } : {}),
      ...bodyOf(settings, hasBody, read),
      ...batchOf(settings, hasBody && (format ?? "json") === "json", omit),
    };
  },
};

type ReadFrom = (from: unknown, what: string) => string | undefined;

/**
 * What `from` of RudderStack is in a mapping: a path, or a constant, which may stand in quotes.
 * `undefined` for paths that do more than lead somewhere.
 */
function mappingOf(from: string): string | undefined {
  if (!/^\$(?:$|[.[])/.test(from)) return escaped(/^(['"])(.*)\1$/s.exec(from)?.[2] ?? from);
  const isPlain = /^\$(?:\.[\p{L}\p{N}_$-]+|\[\d+\]|\[\*\]|\[(?:'[^'\\]*'|"[^"\\]*")\])*$/u.test(from);
  return isPlain ? from : undefined;
}

/** A text that stands for itself in a mapping. */
function escaped(constant: string): string {
  return constant.startsWith("$") ? `$${constant}` : constant.replaceAll("{{", '{{"{{"}}');
}

function isEmpty(object: object): boolean {
  return Object.keys(object).length === 0;
}

function pairsOf(settings: RudderStackSettings, key: string, read: ReadFrom): Record<string, string> {
  const made: Record<string, string> = {};
  for (const { to, from } of settings.list(key, ["to", "from"])) {
    const name = text(to);
    const value = name === "" ? undefined : read(from, `${key} ${name}`);
    if (value !== undefined) made[name] = value;
  }
  return made;
}

/** The segments that are put after the URL. */
function pathOf(settings: RudderStackSettings, read: ReadFrom): string {
  const segments = settings.list("pathParams", ["path"]).flatMap(({ path }) => {
    const value = text(path) === "" ? undefined : read(path, "pathParams");
    if (value === undefined) return [];
    if (!value.startsWith("$") || value.startsWith("$$")) return [encodeURIComponent(value.replace(/^\$\$/, "$"))];
    return [`{{${value.slice(1).replace(/^\./, "")}}}`];
  });
  return segments.map((segment) => `/${segment}`).join("");
}

function authOf(settings: RudderStackSettings): WorkspaceObject | undefined {
  const [username, password] = [settings.text("username"), settings.text("password")];
  const bearer = settings.text("bearerToken");
  const [header, value] = [settings.text("apiKeyName"), settings.text("apiKeyValue")];
  switch (settings.choice("auth", ["noAuth", "basicAuth", "bearerTokenAuth", "apiKeyAuth"])) {
    case "basicAuth":
      return { basic: { username, password } };
    case "bearerTokenAuth":
      return { bearer };
    case "apiKeyAuth":
      return { apiKey: { header, value } };
    default:
      return undefined;
  }
}

function bodyOf(settings: RudderStackSettings, hasBody: boolean, read: ReadFrom): WorkspaceObject {
  const mappings = settings.list("propertiesMapping", ["to", "from"]);
  const isWhole = settings.flag("isDefaultMapping") ?? mappings.length === 0;
  if (isWhole || !hasBody) return {};
  const body: Record<string, unknown> = {};
  for (const { to, from } of mappings) {
    const way = text(to);
    const value = way === "" ? undefined : read(from, `propertiesMapping ${way}`);
    if (value !== undefined) put(body, stepsOf(way), value);
  }
  return { body };
}

/** The keys and positions of a path to which something is mapped: `$.a.b[0]['c d']`. */
function stepsOf(way: string): (string | number)[] {
  const steps = way.replace(/^\$\.?/, "").matchAll(/\[(\d+)\]|\[(?:'([^']*)'|"([^"]*)")\]|([^.[\]]+)/g);
  return [...steps].map(([, index, single, double, name]) =>
    index === undefined ? (single ?? double ?? name ?? "") : Number(index),
  );
}

/** Puts a value where a path leads, and makes the objects and lists on the way. */
function put(target: Record<string | number, unknown>, steps: readonly (string | number)[], value: string): void {
  const [step, ...rest] = steps;
  if (step === undefined) return;
  const own = Object.hasOwn(target, step) ? target[step] : undefined;
  const inner = typeof own === "object" && own !== null ? own : typeof rest[0] === "number" ? [] : {};
  // Not by assignment: `__proto__` is a key like any other.
  Object.defineProperty(target, step, {
    value: rest.length === 0 ? value : inner,
    enumerable: true,
    configurable: true,
    writable: true,
  });
  if (rest.length > 0) put(inner as Record<string | number, unknown>, rest, value);
}

function batchOf(settings: RudderStackSettings, isPossible: boolean, omit: (what: string) => void): WorkspaceObject {
  const isOn = settings.isOn("isBatchingEnabled");
  const size = Number(settings.text("maxBatchSize"));
  if (!isOn) return {};
  if (!isPossible) {
    omit("its batches: Pintle sends them as JSON only");
    return {};
  }
  return { batch: size >= 1 ? { events: Math.min(Math.floor(size), 10_000) } : {} };
}
