import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { RememberedKey } from "./sources.ts";

/** A connection of a client, and what its requests have in common. */
export class ClientConnection {
  readonly socket: Socket;
  /** The client's address; `undefined` when it has gone before anybody looked. */
  readonly address: string | undefined;
  /** Requests that have not been answered. */
  open = 0;
  isClosed = false;
  /** The body that is coming in; on one connection there is one at a time. */
  receipt: { lost(): void } | undefined;
  /** The key that was sent last: most clients send one and the same. */
  key: RememberedKey | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    this.address = socket.remoteAddress;
  }
}

/**
 * The connections of the server, of which there are at most `limit`. A connection is busy from the
 * head of a request to its answer, and idle otherwise, also while it sends a head without end. When
 * another client connects and there is no room, the one that has been idle longest goes:
 * connections that are only held open take no service from others.
 */
export class ClientConnections {
  readonly #limit: number;
  readonly #all = new Map<Socket, ClientConnection>();
  /** Idle connections, in the order in which they became idle. */
  readonly #idle = new Set<ClientConnection>();
  #closing: (() => void) | undefined;

  constructor(server: Server, limit: number) {
    this.#limit = limit;
    server.on("connection", (socket: Socket) => this.#add(socket));
  }

  get count(): number {
    return this.#all.size;
  }

  /** The connection of a request that has come in. It may be closed already. */
  requested(socket: Socket): ClientConnection {
    let connection = this.#all.get(socket);
    if (connection === undefined) {
      connection = new ClientConnection(socket);
      connection.isClosed = true;
    }
    connection.open++;
    this.#idle.delete(connection);
    return connection;
  }

  answered(connection: ClientConnection): void {
    if (--connection.open > 0 || connection.isClosed) return;
    if (this.#closing === undefined) this.#idle.add(connection);
    else connection.socket.destroySoon();
  }

  /**
   * Closes idle connections now and the others with their answer. Resolves when none is left, after
   * `grace` milliseconds at the latest: what is still open then is cut.
   */
  async close(grace: number): Promise<void> {
    const gone = new Promise<void>((resolve) => {
      this.#closing = resolve;
    });
    for (const { socket } of this.#idle) socket.destroySoon();
    this.#idle.clear();
    if (this.#all.size === 0) return;
    const timer = setTimeout(() => {
      for (const socket of this.#all.keys()) socket.destroy();
    }, grace);
    await gone;
    clearTimeout(timer);
  }

  #add(socket: Socket): void {
    if (this.#all.size >= this.#limit) {
      const [oldest] = this.#idle;
      if (oldest === undefined) {
        socket.destroy();
        return;
      }
      this.#remove(oldest);
      oldest.socket.destroy();
    }
    const connection = new ClientConnection(socket);
    this.#all.set(socket, connection);
    this.#idle.add(connection);
    socket.once("close", () => this.#remove(connection));
  }

  #remove(connection: ClientConnection): void {
    if (connection.isClosed) return;
    connection.isClosed = true;
    this.#all.delete(connection.socket);
    this.#idle.delete(connection);
    connection.receipt?.lost();
    if (this.#all.size === 0) this.#closing?.();
  }
}

const lingerMilliseconds = 2000;
const lingerBytes = 8_000_000;

/**
 * Lets the client read the answer to a request whose body was not read to its end. Closing a socket
 * with unread bytes resets the connection, and a reset can overtake the answer. So the sending side
 * is closed and what still comes in is thrown away, for a moment (RFC 9112, 9.6). To be called
 * before the answer is sent, which has to say `Connection: close`.
 */
export function lingerAfterAnswer(request: IncomingMessage): void {
  const { socket } = request;
  let left = lingerBytes;
  request.on("data", (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) socket.destroy();
  });
  // node:http calls this once the answer is written.
  socket.destroySoon = () => {
    endAndLinger(socket);
    request.once("end", () => socket.destroy());
  };
}

/** Sends what is still to be sent, and leaves it to the client to close, for a moment. */
export function endAndLinger(socket: Duplex, last = ""): void {
  socket.end(last);
  const timer = setTimeout(() => socket.destroy(), lingerMilliseconds);
  socket.once("close", () => clearTimeout(timer));
}
