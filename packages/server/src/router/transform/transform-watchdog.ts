import { Socket } from "node:net";
import { workerData } from "node:worker_threads";

/*
 * A thread in the process of a transformation: it ends the process when the router's end of a pipe is closed, which happens in
 * whatever way the data plane ends, and also while the function runs in an endless loop.
 */

const parent = new Socket({ fd: workerData as number, readable: true, writable: false });
parent.on("error", () => {});
parent.on("close", () => process.kill(process.pid, "SIGKILL"));
parent.resume();
