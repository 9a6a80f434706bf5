import { connect } from "node:net";

/*
 * Opens many connections, a hundred at a time, and only holds them; tells when all are open. In a
 * process of its own, because each of the two has only so many descriptors.
 */

const port = Number(process.argv[2]);
let left = Number(process.argv[3]);
let pending = 0;

function open(): void {
  while (pending < 100 && left > 0) {
    left--;
    pending++;
    const socket = connect(port, "127.0.0.1", () => {
      pending--;
      open();
    });
    // The server may close it: it has to make room for others.
    socket.on("error", () => {});
  }
  if (pending === 0) process.send?.("open");
}

open();
process.on("disconnect", () => process.exit());
