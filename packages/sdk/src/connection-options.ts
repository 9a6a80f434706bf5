import type { Config } from "./config.ts";
import type { ConnectionSettings } from "./connection-settings.ts";
import { ConfigError } from "./errors.ts";
import { parseProxy } from "./transport/proxy.ts";

/**
 * Reads the options `proxy`, `agent` and `ca`. Throws ConfigError, and nothing else, and shows none
 * of their values: they may hold secrets.
 */
export function checkConnections(
  { proxy, agent, ca }: Pick<Config, "proxy" | "agent" | "ca">,
  concurrency: number,
  url?: string,
): ConnectionSettings {
  if (agent !== undefined) {
    for (const [name, value] of Object.entries({ proxy, ca })) {
      if (value !== undefined)
        throw new ConfigError(name, undefined, "given with agent", "none: the agent makes the connections");
    }
  }
  return {
    concurrency,
    proxy: proxy === undefined ? undefined : checkProxy(proxy),
    agent: agent === undefined ? undefined : checkAgent(agent, url),
    ca: ca === undefined ? undefined : checkCa(ca),
  };
}

function checkProxy(value: unknown): string | false {
  if (value === false) return false;
  const href: unknown = typeof value === "object" ? (value as { readonly href?: unknown } | null)?.href : value;
  const isText = typeof href === "string";
  const proxy = isText ? parseProxy(href) : undefined;
  if (proxy !== undefined) return proxy.href;
  const shown = isText ? "no URL of an HTTP proxy" : `a ${typeof value}`;
  throw new ConfigError(
    "proxy",
    undefined,
    shown,
    'a URL such as "http://user:password@proxy.example.com:3128", or false',
  );
}

function checkAgent(value: unknown, url: string | undefined): object {
  const agent = value as { readonly addRequest?: unknown; readonly protocol?: unknown } | null;
  if (typeof agent !== "object" || typeof agent?.addRequest !== "function") {
    throw new ConfigError("agent", undefined, "something else", "an Agent of node:http or node:https");
  }
  const protocol = url === undefined ? undefined : new URL(url).protocol;
  if (protocol !== undefined && typeof agent.protocol === "string" && agent.protocol !== protocol) {
    throw new ConfigError(
      "agent",
      undefined,
      `one for ${agent.protocol}`,
      `one for ${protocol}, as the data plane's URL`,
    );
  }
  return agent;
}

function checkCa(value: unknown): readonly unknown[] {
  const all: readonly unknown[] = Array.isArray(value) ? value : [value];
  const isCertificate = (each: unknown): boolean =>
    typeof each === "string" ? each.includes("-----BEGIN ") : each instanceof Uint8Array && each.length > 0;
  if (all.length > 0 && all.every(isCertificate)) return [...all];
  const shown = all.some((each) => typeof each === "string") ? "a text without a certificate" : `a ${typeof value}`;
  const allowed = "certificates in PEM (-----BEGIN CERTIFICATE-----), not the path of a file";
  throw new ConfigError("ca", undefined, shown, allowed);
}
