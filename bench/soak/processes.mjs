// What the operating system tells of a process (Linux).
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Bytes that a process has in memory, and how many files and sockets it holds. */
export function lookAt(pid) {
  const rss = Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) * 1024;
  let files = 0;
  let sockets = 0;
  for (const name of readdirSync(`/proc/${pid}/fd`)) {
    try {
      if (readlinkSync(`/proc/${pid}/fd/${name}`).startsWith("socket:")) sockets++;
      else files++;
    } catch {
      // It was closed meanwhile.
    }
  }
  return { rss, files, sockets };
}
