import { once } from "node:events";
import { createServer, request, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { Certificate } from "./certificates.test.support.ts";

export interface ProxyServerOptions {
  /** Wanted as `user:password`; every client is let in, unless given. */
  readonly password?: string;
  /** How it answers instead of doing what it is asked for. */
  readonly refuse?: number | "hang" | "close";
  /** The certificate, where it is reached by TLS. */
  readonly tls?: Certificate;
}

/**
 * A proxy for tests: absolute-form requests and CONNECT (RFC 9110), on 127.0.0.1, to which it
 * resolves every name.
 */
export class ProxyServer {
  readonly #server: Server;
  /**
   * What it was asked for, such as `CONNECT localhost:443` and `POST
   * http://data.example.com/v1/batch`.
   */
  readonly asked: string[] = [];
  readonly #isSecure: boolean;
  readonly #sockets = new Set<Socket>();

  private constructor({ password, refuse, tls }: ProxyServerOptions) {
    this.#isSecure = tls !== undefined;
    this.#server = tls === undefined ? createServer() : createSecureServer(tls);
    const wanted = password === undefined ? undefined : `Basic ${btoa(password)}`;
    this.#server.on("connection", (socket: Socket) => this.#keep(socket));
    this.#server.on("request", (incoming, response) => {
      this.asked.push(`${incoming.method} ${incoming.url}`);
      const { "proxy-authorization": authorization, ...headers } = incoming.headers;
      if (refuse === "hang") return;
      if (refuse === "close") return void incoming.socket.destroy();
      const status = wanted !== undefined && authorization !== wanted ? 407 : refuse;
      if (status !== undefined) return void response.writeHead(status).end("the proxy's words");
      const { port, pathname } = new URL(incoming.url ?? "");
      const forwarded = request(
        { host: "127.0.0.1", port: port || 80, path: pathname, method: incoming.method, headers },
        (answer) => {
          response.writeHead(answer.statusCode ?? 0, answer.headers);
          answer.pipe(response);
        },
      );
      forwarded.on("error", () => response.writeHead(502).end());
      incoming.pipe(forwarded);
    });
    this.#server.on("connect", (incoming, socket: Socket) => {
      this.asked.push(`CONNECT ${incoming.url}`);
      socket.on("error", () => {});
      socket.on("end", () => socket.destroy());
      if (refuse === "hang") return void socket.resume();
      if (refuse === "close") return void socket.destroy();
      const isKnown = wanted === undefined || incoming.headers["proxy-authorization"] === wanted;
      const status = isKnown ? refuse : 407;
      if (status !== undefined) return void socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`);
      const target = connect(Number(/:(\d+)$/.exec(incoming.url ?? "")?.[1]), "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
        target.pipe(socket).pipe(target);
      });
      this.#keep(target);
      target.on("error", () => socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n"));
      target.on("close", () => socket.destroy());
      socket.on("close", () => target.destroy());
    });
  }

  static async start(options: ProxyServerOptions = {}): Promise<ProxyServer> {
    const proxy = new ProxyServer(options);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.#isSecure ? "https" : "http"}://127.0.0.1:${this.port}`;
  }

  get open(): number {
    return this.#sockets.size;
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
  }
}
