import { asText } from "@pintle/kit";
import type { FormatOptions } from "./format.ts";

/**
 * An object as `application/x-www-form-urlencoded`: `a[b]=1&a[c][0]=2`. Forms have no `null`: it is
 * left out. So is a name of an event with a bracket in it, which would say that it is within
 * something else.
 */
export function formOf(body: object, { declared, changed }: FormatOptions): string {
  const form = new URLSearchParams();
  const append = (name: string, value: unknown, where: string): void => {
    if (value === undefined || value === null) return;
    if (typeof value !== "object") form.append(name, asText(value));
    else for (const [key, inner] of Object.entries(value)) enter(key, `${name}[${key}]`, inner, where);
  };
  const enter = (key: string, name: string, value: unknown, parent: string): void => {
    const where = `${parent}.${key}`;
    if (/[[\]]/.test(key) && !declared.has(key)) changed("invalid_name", where);
    else append(name, value, where);
  };
  for (const [key, value] of Object.entries(body)) enter(key, key, value, "body");
  return form.toString();
}
