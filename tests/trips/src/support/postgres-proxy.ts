import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/**
 * A statement that a client is about to send: `COMMIT`, `COPY ... FROM STDIN`, `end of COPY`, ...
 */
export interface Statement {
  /** Counted from 1 over all connections. */
  readonly number: number;
  readonly text: string;
}

/**
 * `pass` it on; `cut` the connection before the server has it; `cut answer`: the server has it and
 * works, nobody hears of it; or `silence`: the connection stays open, and nothing passes in either
 * direction any more.
 */
export type Verdict = "pass" | "cut" | "cut answer" | "silence";

/**
 * Stands between a client and a PostgreSQL server, knows where one statement ends and the next
 * begins, and does to each what a test says. What the test awaits holds the statement up, so that
 * processes can be killed exactly between two of them.
 */
export class PostgresProxy implements AsyncDisposable {
  /** Asked before each statement is passed on. */
  decide: (statement: Statement) => Verdict | Promise<Verdict> = () => "pass";
  /** What was passed on. */
  readonly statements: Statement[] = [];
  readonly #server: Server;
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  #count = 0;

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.#target = target;
    server.on("connection", (client) => this.#serve(client));
  }

  /** @param target port of the server on 127.0.0.1 */
  static async listen(target: number): Promise<PostgresProxy> {
    const server = createServer();
    const proxy = new PostgresProxy(server, target);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#sockets.size / 2;
  }

  /** Cuts every connection. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  #serve(client: Socket): void {
    const server = connect(this.#target, "127.0.0.1");
    const pair = [client, server];
    let isMute = false;
    let isSilent = false;
    for (const socket of pair) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#sockets.delete(socket);
        // In a silence nobody hears that the other has gone.
        if (!isSilent) for (const other of pair) other.destroy();
      });
    }
    server.on("data", (bytes) => {
      if (!isMute) client.write(bytes);
    });
    void this.#forward(client, server, (forGood) => {
      isMute = true;
      isSilent = forGood;
    });
  }

  async #forward(client: Socket, server: Socket, mute: (forGood: boolean) => void): Promise<void> {
    let buffered = Buffer.alloc(0);
    let isStarted = false;
    let isLast = false;
    try {
      for await (const bytes of client) {
        buffered = Buffer.concat([buffered, bytes as Buffer]);
        for (;;) {
          // The first message has no type.
          const head = isStarted ? 1 : 0;
          if (buffered.length < head + 4) break;
          const size = head + buffered.readInt32BE(head);
          if (buffered.length < size) break;
          const message = buffered.subarray(0, size);
          buffered = buffered.subarray(size);
          const text = isStarted ? statementIn(message) : undefined;
          isStarted = true;
          if (text !== undefined) {
            const statement = { number: ++this.#count, text };
            const verdict = await this.decide(statement);
            if (verdict === "cut") {
              client.destroy();
              server.destroy();
              return;
            }
            if (verdict === "silence") {
              mute(true);
              // To leave the loop would close the connection.
              await once(client, "close");
              return;
            }
            this.statements.push(statement);
            if (verdict === "cut answer") {
              mute(false);
              isLast = true;
            }
          }
          server.write(message);
          // A statement in several messages is answered after the last one, which is a sync.
          if (!isLast || !endsStatement(message)) continue;
          // The server answers when it is done; only then the client loses the connection.
          await Promise.race([once(server, "data"), once(server, "close")]);
          client.destroy();
          server.destroy();
          return;
        }
      }
    } catch {
      // The client went away in the middle: the server's connection goes with it.
    }
  }
}

/** A simple query, a sync, or the end of a copy: what the server answers. */
function endsStatement(message: Buffer): boolean {
  return "QSc".includes(String.fromCharCode(message[0]!));
}

/**
 * The statement that a message of the client brings: a simple query, a parse, or the end of a copy.
 */
function statementIn(message: Buffer): string | undefined {
  const type = String.fromCharCode(message[0]!);
  if (type === "c") return "end of COPY";
  if (type === "Q") return message.toString("utf8", 5, message.length - 1);
  if (type !== "P") return undefined;
  const name = message.indexOf(0, 5);
  return message.toString("utf8", name + 1, message.indexOf(0, name + 1));
}
