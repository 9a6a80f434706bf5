import type { Agent, AgentOptions, RequestOptions } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { letGo } from "./let-go.ts";
import { bare, ProxyError } from "./proxy.ts";

/** Bytes of the head of a proxy's answer at most. */
const longestHead = 64 * 1024;

/** What the agent is told with each request, beside Node's own options. */
export interface TunnelOptions {
  readonly host?: string | null | undefined;
  readonly port?: number | string | null | undefined;
  /** Aborted when the request that asked for the connection has ended. */
  readonly attempt?: AbortSignal | undefined;
}

type ConnectionCallback = (error: Error | null, connection: Duplex) => void;

/** How to reach a proxy. */
export interface Proxy {
  readonly url: URL;
  /** Certificates of authorities, for a proxy that is reached by TLS. */
  readonly ca: AgentOptions["ca"];
}

/**
 * An agent whose connections to https servers go through a proxy, by CONNECT (RFC 9110, section
 * 9.3.6).
 */
export async function createTunnelAgent(proxy: Proxy, options: AgentOptions): Promise<Agent> {
  const [https, net, tls] = await Promise.all([import("node:https"), import("node:net"), import("node:tls")]);

  class TunnelAgent extends https.Agent {
    /** Calls back, later. */
    override createConnection(target: RequestOptions & TunnelOptions, callback?: ConnectionCallback): undefined {
      const { hostname, port, protocol } = proxy.url;
      const host = bare(hostname);
      const server = { host, port: Number(port || (protocol === "https:" ? 443 : 80)) };
      const name = net.isIP(host) === 0 ? { servername: host } : {};
      const socket =
        protocol === "https:"
          ? tls.connect({ ...server, ...name, ...(proxy.ca === undefined ? {} : { ca: proxy.ca }) })
          : net.connect(server);
      letGo(socket);
      establish(socket, proxy.url, target).then(
        // Node's own agent puts TLS on top, and remembers sessions.
        () => callback?.(null, connectTls.call(this, { ...target, socket })),
        (error: Error) => {
          socket.destroy();
          callback?.(error, undefined as unknown as Socket);
        },
      );
    }
  }
  const connectTls = (https.Agent.prototype as unknown as { createConnection(options: object): Socket })
    .createConnection;
  return new TunnelAgent(options);
}

/** Asks the proxy for the way to the server. */
function establish(socket: Socket, proxy: URL, { host, port, attempt }: TunnelOptions): Promise<void> {
  const authority = `${host?.includes(":") ? `[${host}]` : host}:${port}`;
  return new Promise((resolve, reject) => {
    let head = "";
    const end = (error?: Error): void => {
      socket.off("data", onData).off("error", end).off("close", onClose);
      attempt?.removeEventListener("abort", onAbort);
      socket.pause();
      if (error === undefined) resolve();
      else reject(error);
    };
    const onClose = (): void =>
      end(new ProxyError(`${nameOf(proxy)} closed the connection`, "look at the proxy's log"));
    const onAbort = (): void => end(new Error("the request has ended"));
    const onData = (chunk: Buffer): void => {
      head += chunk.toString("latin1");
      const to = head.indexOf("\r\n\r\n");
      if (to === -1 && head.length <= longestHead) return;
      const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? Number.NaN);
      if (!(status >= 200 && status <= 299)) {
        end(refusalOf(proxy, status, authority));
        return;
      }
      const rest = Buffer.from(head.slice(to + 4), "latin1");
      if (rest.length > 0) socket.unshift(rest);
      end();
    };
    socket.on("data", onData).on("error", end).on("close", onClose);
    attempt?.addEventListener("abort", onAbort, { once: true });
    const lines = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`];
    const authorization = authorizationOf(proxy);
    if (authorization !== undefined) lines.push(`Proxy-Authorization: ${authorization}`);
    socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  });
}

/** What a proxy's answer means that is no success. */
export function refusalOf(proxy: URL, status: number, authority: string): ProxyError {
  const name = nameOf(proxy);
  if (Number.isNaN(status)) return new ProxyError(`${name} does not answer in HTTP`, "check the proxy's host and port");
  const advice =
    status === 407
      ? "give user name and password in the proxy's URL (http://user:password@host:port)"
      : status === 403 || status === 405
        ? `let the proxy allow connections to ${authority}`
        : status >= 500
          ? `the proxy does not reach ${authority}: check the data plane's URL, and the proxy's network`
          : "check the proxy's URL";
  return new ProxyError(`${name} answered ${status}`, advice);
}

/** A proxy's URL without its password. */
export function nameOf(proxy: URL): string {
  return `the proxy ${proxy.origin}`;
}

export function authorizationOf({ username, password }: URL): string | undefined {
  if (username === "" && password === "") return undefined;
  return `Basic ${Buffer.from(`${decoded(username)}:${decoded(password)}`).toString("base64")}`;
}

/** Decodes as it was meant: a `%` that begins no escape stands for itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
