import { at, type Fields, firstId, firstText, objectOf } from "./usable.ts";

/** The page that an event is about, or happened on. */
export interface PageFields {
  readonly url: string | undefined;
  readonly path: string | undefined;
  readonly title: string | undefined;
  readonly referrer: string | undefined;
  readonly search: string | undefined;
}

/** The campaign that brought somebody here. */
export interface Campaign {
  readonly source: string | undefined;
  readonly medium: string | undefined;
  readonly name: string | undefined;
  readonly term: string | undefined;
  readonly content: string | undefined;
}

/** @param isPage whether the event is a page view: its properties are the page's then */
export function pageOf(isPage: boolean, properties: Fields, context: Fields): PageFields {
  const here = objectOf(at(context, "page"));
  const read = (key: string): string | undefined =>
    (isPage ? firstText(properties, key) : undefined) ?? firstText(here, key);
  return {
    url: read("url") ?? firstText(properties, "url"),
    path: read("path"),
    title: read("title"),
    referrer: read("referrer"),
    search: read("search"),
  };
}

/** The query of a URL, which may be relative; empty where there is none. */
export function queryOf(url: string | undefined): URLSearchParams {
  const [, query = ""] = /^[^#?]*\?([^#]*)/.exec(url ?? "") ?? [];
  return new URLSearchParams(query);
}

export function campaignOf(context: Fields, query: URLSearchParams): Campaign {
  const campaign = objectOf(at(context, "campaign"));
  const read = (key: string, parameter: string): string | undefined =>
    firstText(campaign, key) ?? firstText({ value: query.get(parameter) }, "value");
  return {
    source: read("source", "utm_source"),
    medium: read("medium", "utm_medium"),
    name: read("name", "utm_campaign"),
    term: read("term", "utm_term"),
    content: read("content", "utm_content"),
  };
}

/** The id of a click, which browsers find in the page's URL: `fbclid`, `gclid`, `ttclid`. */
export function clickIdOf(
  name: string,
  { properties, context, query }: { properties: Fields; context: Fields; query: URLSearchParams },
): string | undefined {
  return (
    firstId(properties, name) ??
    firstId(objectOf(at(context, "traits")), name) ??
    firstId(context, name) ??
    firstId({ value: query.get(name) }, "value")
  );
}
