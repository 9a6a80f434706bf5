import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

/**
 * The connections of the server, of which there are at most `limit`. A connection is busy from the
 * head of a request to its answer, and idle otherwise, also while it sends a head without end. When
 * another client connects and there is no room, the one that has been idle longest goes:
 * connections that are only held open take no service from others.
 */
export class ClientConnections {
  readonly #limit: number;
  /** Requests that have not been answered, for each connection. */
  readonly #open = new Map<Socket, number>();
  /** Idle connections, in the order in which they became idle. */
  readonly #idle = new Set<Socket>();
  #closing: (() => void) | undefined;

  constructor(server: Server, limit: number) {
    this.#limit = limit;
    server.on("connection", (socket: Socket) => this.#add(socket));
  }

  get count(): number {
    return this.#open.size;
  }

  requested(socket: Socket): void {
    const open = this.#open.get(socket);
    if (open === undefined) return; // It was closed meanwhile.
    this.#open.set(socket, open + 1);
    this.#idle.delete(socket);
  }

  answered(socket: Socket): void {
    const open = this.#open.get(socket);
    if (open === undefined) return;
    this.#open.set(socket, open - 1);
    if (open > 1) return;
    if (this.#closing === undefined) this.#idle.add(socket);
    else socket.destroySoon();
  }

  /**
   * Closes idle connections now and the others with their answer. Resolves when none is left, after
   * `grace` milliseconds at the latest: what is still open then is cut.
   */
  async close(grace: number): Promise<void> {
    const gone = new Promise<void>((resolve) => {
      this.#closing = resolve;
    });
    for (const socket of this.#idle) socket.destroySoon();
    this.#idle.clear();
    if (this.#open.size === 0) return;
    const timer = setTimeout(() => {
      for (const socket of this.#open.keys()) socket.destroy();
    }, grace);
    await gone;
    clearTimeout(timer);
  }

  #add(socket: Socket): void {
    if (this.#open.size >= this.#limit) {
      const [oldest] = this.#idle;
      if (oldest === undefined) {
        socket.destroy();
        return;
      }
      this.#remove(oldest);
      oldest.destroy();
    }
    this.#open.set(socket, 0);
    this.#idle.add(socket);
    socket.once("close", () => this.#remove(socket));
  }

  #remove(socket: Socket): void {
    this.#open.delete(socket);
    this.#idle.delete(socket);
    if (this.#open.size === 0) this.#closing?.();
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
