import type { ServerResponse } from "node:http";

/**
 * The answer `ok` as most clients get it, put together once a second and written in one piece.
 * node:http makes a head of its headers for each answer and hands it and the body to the socket as
 * a list, which costs as much as checking and storing a small event.
 */
export class ReadyOk {
  readonly #keepAlive: string;
  #second = Number.NaN;
  #text = "";

  /** @param idleTime how long a connection may wait for its next request, milliseconds */
  constructor(idleTime: number) {
    this.#keepAlive = `Connection: keep-alive\r\nKeep-Alive: ${keepAlive(idleTime)}\r\n\r\n`;
  }

  /**
   * Answers, and gives `false` where that has to be done by node:http: the connection ends with
   * this answer, an earlier request on it has not been answered, or it is closed.
   */
  send(response: ServerResponse): boolean {
    const { socket } = response;
    if (socket === null || !socket.writable || !response.shouldKeepAlive) return false;
    // By this event node:http learns that an answer is written, and goes on to the next request.
    if (response.listenerCount("finish") === 0) return false;
    const second = Math.floor(Date.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = `${head}Date: ${new Date(second * 1000).toUTCString()}\r\n${this.#keepAlive}ok`;
    }
    socket.write(this.#text, "latin1");
    response.emit("finish");
    return true;
  }
}

/** The header `Keep-Alive`, of milliseconds: for how long a client may use the connection again. */
export function keepAlive(idleTime: number): string {
  return `timeout=${Math.floor(idleTime / 1000)}`;
}

const head = "HTTP/1.1 200 OK\r\nVary: Origin\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 2\r\n";
