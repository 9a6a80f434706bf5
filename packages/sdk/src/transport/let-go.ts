import type { Socket } from "node:net";

/**
 * Lets a connection keep no program alive. An attempt on the next of several addresses makes a new
 * handle, which is referenced again.
 */
export function letGo(socket: Socket): void {
  const unref = (): void => {
    socket.unref();
  };
  unref();
  if (!socket.connecting) return;
  socket.on("connectionAttempt", unref);
  socket.once("connect", () => {
    socket.off("connectionAttempt", unref);
    unref();
  });
}
