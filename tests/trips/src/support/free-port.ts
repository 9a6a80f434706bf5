import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/**
 * Below the ports that Linux, macOS and Windows hand out to outgoing connections (32768 and up).
 */
const lowest = 15_000;
const highest = 32_000;

/**
 * A port on 127.0.0.1 that nobody listens on.
 *
 * Not one that the kernel picks: those are also given to outgoing connections, so while a server on
 * such a port is being restarted, a client that calls it may get the very port as its own end,
 * connect to itself, and keep the server out.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(lowest, highest);
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ host: "127.0.0.1", port, exclusive: true });
    await once(server, "listening");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") return false;
    throw error;
  }
  server.close();
  await once(server, "close");
  return true;
}
