import type { Agent, ClientRequest, IncomingMessage, OutgoingHttpHeaders, RequestOptions } from "node:http";
import type { ConnectionSettings } from "../connection-settings.ts";
import { parseProxy, proxyFromEnvironment } from "./proxy.ts";
import { authorizationOf, createTunnelAgent, type TunnelOptions } from "./tunnel.ts";

/**
 * Longest time for which an idle connection is kept, in milliseconds. Proxies in use close theirs
 * after 60 s and more; a server that closes earlier and says so (`Keep-Alive: timeout=5`, as Node's
 * own does) is believed by the agent, which then lets go a second before it.
 */
const idleTimeout = 30_000;

/** Bytes of the head of an answer that are read; Node's own limit is 16 KB. */
const longestHead = 256 * 1024;

/** How requests to one kind of URL are made. */
export interface ConnectionRoute {
  /** The proxy in between. */
  readonly proxy: URL | undefined;
  /** Begins a request. */
  open(url: string, options: RouteRequest): ClientRequest;
  /** Closes the connections that nobody uses now. */
  closeIdle(): void;
  /** Closes those, and whatever becomes idle later: nobody asks for a connection any more. */
  retire(): void;
}

interface RouteRequest extends TunnelOptions {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The connections of one transport: an agent for each kind of route, made with the first request.
 */
export class Connections {
  readonly #settings: ConnectionSettings;
  readonly #routes = new Map<string, Promise<ConnectionRoute>>();
  /** Proxies by origin: the environment is asked once, as in Go. */
  readonly #proxies = new Map<string, URL | undefined>();

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
  }

  /** @throws ProxyError for a proxy of the environment that is none */
  route(url: string): Promise<ConnectionRoute> {
    const target = new URL(url);
    const proxy = this.#proxyFor(target);
    const key = `${target.protocol} ${proxy?.href ?? ""}`;
    let route = this.#routes.get(key);
    if (route === undefined) {
      route = this.#make(target.protocol === "https:" ? "https:" : "http:", proxy);
      this.#routes.set(key, route);
      // What could not be loaded may be there the next time.
      route.catch(() => this.#routes.delete(key));
    }
    return route;
  }

  /**
   * Closes what is idle, and keeps nothing any more that becomes idle; a later request makes
   * connections anew.
   */
  close(): void {
    for (const route of this.#routes.values()) {
      route.then(
        (made) => made.retire(),
        () => {},
      );
    }
    this.#routes.clear();
  }

  #proxyFor(target: URL): URL | undefined {
    const { proxy, agent } = this.#settings;
    if (proxy === false || agent !== undefined) return undefined;
    const { origin } = target;
    if (!this.#proxies.has(origin)) {
      this.#proxies.set(origin, proxy === undefined ? proxyFromEnvironment(target, readVariable) : parseProxy(proxy));
    }
    return this.#proxies.get(origin);
  }

  async #make(protocol: "http:" | "https:", proxy: URL | undefined): Promise<ConnectionRoute> {
    const { agent: given, ca, concurrency } = this.#settings;
    const isTunnel = proxy !== undefined && protocol === "https:";
    const speaks = proxy === undefined || isTunnel ? protocol : proxy.protocol;
    // Loaded with the first request, so that importing the SDK costs a program that sends nothing
    // next to nothing.
    const http = speaks === "https:" ? await import("node:https") : await import("node:http");
    const trusted = ca === undefined || speaks === "http:" ? {} : { ca: ca as string[] };
    const options = {
      keepAlive: true,
      maxSockets: concurrency,
      maxFreeSockets: concurrency,
      timeout: idleTimeout,
      // The most recently used first: the others grow old and close when the traffic falls.
      scheduling: "lifo" as const,
      ...trusted,
    };
    const agent =
      (given as Agent | undefined) ??
      (isTunnel
        ? await createTunnelAgent({ url: proxy, ca: ca as string[] | undefined }, options)
        : new http.Agent(options));
    const request = http.request as (url: string | URL, options: RequestOptions) => ClientRequest;
    const common = { agent, maxHeaderSize: longestHead };
    return {
      proxy,
      open(url, { attempt, headers, ...rest }) {
        if (proxy === undefined) return request(url, { ...rest, ...common, headers });
        if (isTunnel) return request(url, { ...rest, ...common, headers, attempt } as RequestOptions);
        const authorization = authorizationOf(proxy);
        const more: OutgoingHttpHeaders = { Host: new URL(url).host };
        if (authorization !== undefined) more["Proxy-Authorization"] = authorization;
        // The absolute form (RFC 9112, section 3.2.2) tells a proxy where to.
        return request(proxy.origin, { ...rest, ...common, path: url, headers: { ...headers, ...more } });
      },
      // A given agent is the program's.
      closeIdle() {
        if (given === undefined) closeIdle(agent);
      },
      retire() {
        if (given !== undefined) return;
        (agent as { keepAlive?: boolean }).keepAlive = false;
        closeIdle(agent);
      },
    };
  }
}

/** Reads a variable by its name alone: Deno asks for the permission to, and throws without. */
function readVariable(name: string): string | undefined {
  try {
    return process.env[name];
  } catch {
    return undefined;
  }
}

function closeIdle(agent: Agent): void {
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of [...(sockets ?? [])]) socket.destroy();
}

/** Headers of an answer, each as one text. */
export function headersOf(incoming: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return headers;
}
