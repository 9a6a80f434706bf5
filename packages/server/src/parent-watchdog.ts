import { Socket } from "node:net";
import { workerData } from "node:worker_threads";
import type { Watched } from "./end-with-parent.ts";

/*
 * A thread of a process that runs the owner's code: it ends that process when its parent's end of a
 * pipe is closed, which happens in whatever way the parent ends, and also while the code runs in an
 * endless loop.
 */

const { pipe, leadsGroup } = workerData as Watched;
const parent = new Socket({ fd: pipe, readable: true, writable: false });
parent.on("error", () => {});
parent.on("close", () => process.kill(leadsGroup ? -process.pid : process.pid, "SIGKILL"));
parent.resume();
