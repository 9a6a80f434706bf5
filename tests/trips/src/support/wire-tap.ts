import { EventEmitter, once } from "node:events";
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";

export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** After decompression. */
  readonly body: string;
  readonly status: number;
  readonly answer: string;
}

/** An event on the wire, with what its request adds to it. */
export interface SentEvent {
  readonly event: Record<string, unknown>;
  /** Type that the endpoint's name gives; absent for batches. */
  readonly endpointType?: string;
  /** `sentAt` of the whole batch. */
  readonly batchSentAt?: unknown;
}

/**
 * Stands between a client and a data plane, passes every byte on unchanged, and keeps what was
 * said. Emits `exchange`.
 */
export class WireTap extends EventEmitter implements AsyncDisposable {
  readonly exchanges: Exchange[] = [];
  readonly #server: Server;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #target: string;

  private constructor(server: Server, target: string) {
    super();
    this.#server = server;
    this.#target = target;
    server.on("request", (incoming, outgoing) => void this.#pass(incoming, outgoing));
  }

  static async listen(target: string): Promise<WireTap> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new WireTap(server, target);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The events of all requests that were answered with 200, in their order. */
  get sent(): SentEvent[] {
    return this.exchanges.filter(({ method, status }) => method === "POST" && status === 200).flatMap(eventsIn);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    this.#agent.destroy();
    await once(this.#server, "close");
  }

  async #pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    try {
      const body = await read(incoming);
      const { method = "", url: path = "", headers } = incoming;
      const onward = request(this.#target + path, { method, headers, agent: this.#agent, setHost: false });
      onward.end(body);
      const [response] = (await once(onward, "response")) as [IncomingMessage];
      const answer = await read(response);
      const status = response.statusCode ?? 0;
      outgoing.writeHead(status, response.headers).end(answer);
      const text = decompress(body, headers["content-encoding"]).toString();
      this.exchanges.push({ method, path, headers, body: text, status, answer: answer.toString() });
      this.emit("exchange");
    } catch {
      outgoing.destroy(); // Either end went away: so does the other.
    }
  }
}

async function read(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function decompress(body: Buffer, encoding: string | undefined): Buffer {
  if (encoding === "gzip") return gunzipSync(body);
  if (encoding === "deflate") return inflateSync(body);
  if (encoding === "br") return brotliDecompressSync(body);
  return body;
}

function eventsIn({ path, body }: Exchange): SentEvent[] {
  const endpoint = new URL(path, "http://tap").pathname.split("/").at(-1)!;
  const parsed = JSON.parse(body) as Record<string, unknown>;
  if (!Array.isArray(parsed.batch)) return [{ event: parsed, endpointType: endpoint }];
  return parsed.batch.map((event) => ({ event, batchSentAt: parsed.sentAt }));
}
