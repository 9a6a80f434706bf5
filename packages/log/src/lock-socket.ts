import { createHash, randomBytes } from "node:crypto";
import { chmod, open, readdir, realpath, unlink } from "node:fs/promises";
import * as net from "node:net";
import { join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { LogError, systemCode } from "./errors.ts";

/** The result of taking a lock: it is ours, or `pid` has it (undefined: it did not say). */
export type Taken =
  | { readonly release: () => Promise<void> }
  | { readonly release?: undefined; readonly pid: number | undefined };

/** `leaving`: it was there, and went away without an answer. */
type HolderReply =
  | { readonly state: "dead" | "leaving" }
  | { readonly state: "taking" | "held"; readonly pid: number | undefined };

const lockName = /^lock\.[0-9a-f]{16}$/;
/**
 * How long the other side has to say who it is; after that it is a holder who is busy.
 * Milliseconds.
 */
const answerTime = 1000;
/** How long to wait before looking again at somebody who also takes. Milliseconds. */
const lookAgain = 10;
/** sockaddr_un has room for 108 bytes on Linux and 104 on macOS, with a zero at the end. */
const longestAddress = process.platform === "linux" ? 107 : 103;

/**
 * One attempt to take the lock of a folder by a socket in it. The steps are those of
 * docs/log-format.md, "Lock".
 */
export async function takeSocket(directory: string): Promise<Taken> {
  const folder = await addressable(directory);
  try {
    for (;;) {
      const own = `lock.${randomBytes(8).toString("hex")}`;
      const socket = await LockSocket.listen(folder.address(own)).catch((error: unknown) => {
        throw refusal(directory, error);
      });
      const leave = async (): Promise<void> => {
        await socket.close();
        await removeIfThere(join(directory, own));
      };
      await chmod(join(directory, own), 0o600).catch(() => {});
      const holder = await othersIn(directory, folder, own).catch(async (error: unknown) => {
        await leave();
        throw error;
      });
      if (holder === undefined && (await readdir(directory)).includes(own)) {
        socket.state = "held";
        const release = async (): Promise<void> => {
          await leave();
          await folder.close();
        };
        return { release };
      }
      await leave();
      if (holder !== undefined) {
        await folder.close();
        return { pid: holder.pid };
      }
      // Somebody met our name in the instant between its bind and its listen, took it for dead and
      // removed it: once more.
    }
  } catch (error) {
    await folder.close();
    throw error;
  }
}

/** Takes a named pipe, on Windows: it is exclusive, and there is one name for each folder. */
export async function takePipe(directory: string): Promise<Taken> {
  const folder = (await realpath(directory)).toLowerCase();
  const address = `\\\\.\\pipe\\pintle-${createHash("sha256").update(folder).digest("hex")}`;
  try {
    const socket = await LockSocket.listen(address);
    socket.state = "held";
    return { release: () => socket.close() };
  } catch (error) {
    if (systemCode(error) !== "EADDRINUSE") throw error;
    const answer = await ask(address);
    return { pid: "pid" in answer ? answer.pid : undefined };
  }
}

/** Waits until nobody else is there, and returns undefined; or returns who is to have the lock. */
async function othersIn(
  directory: string,
  folder: AddressableFolder,
  own: string,
): Promise<{ readonly pid: number | undefined } | undefined> {
  for (;;) {
    let alone = true;
    for (const other of await readdir(directory)) {
      if (!lockName.test(other) || other === own) continue;
      const answer = await ask(folder.address(other));
      if (answer.state === "dead") await removeIfThere(join(directory, other));
      else if (answer.state === "held" || (answer.state === "taking" && other < own)) return answer;
      else alone = false;
    }
    if (alone) return undefined;
    await sleep(lookAgain);
  }
}

class LockSocket {
  state: "taking" | "held" = "taking";
  readonly #server: net.Server;

  static listen(address: string): Promise<LockSocket> {
    return new Promise((resolve, reject) => {
      const server = net.createServer((connection) => {
        connection.on("error", () => {});
        connection.end(JSON.stringify({ state: socket.state, pid: process.pid }));
      });
      const socket = new LockSocket(server);
      server.once("error", reject);
      server.listen(address, () => {
        server.unref();
        resolve(socket);
      });
    });
  }

  constructor(server: net.Server) {
    this.#server = server;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}

/** Asks who listens there. Only a refused connection, or no such name, means that nobody does. */
function ask(address: string): Promise<HolderReply> {
  return new Promise((resolve) => {
    let text = "";
    const connection = net.connect(address);
    const busy: HolderReply = { state: "held", pid: undefined };
    connection.setEncoding("utf8");
    connection.setTimeout(answerTime, () => {
      connection.destroy();
      resolve(busy);
    });
    connection.on("data", (part: string) => {
      text += part;
    });
    connection.on("end", () => resolve(parseAnswer(text) ?? { state: "leaving" }));
    connection.on("error", (error) => {
      const code = systemCode(error) ?? "";
      if (code === "ECONNREFUSED" || code === "ENOENT") resolve({ state: "dead" });
      else resolve(code === "ECONNRESET" || code === "EPIPE" ? { state: "leaving" } : busy);
    });
  });
}

function parseAnswer(text: string): HolderReply | undefined {
  const parts = /^\{"state":"(taking|held)","pid":(\d+)\}$/.exec(text);
  if (parts === null) return undefined;
  return { state: parts[1] === "taking" ? "taking" : "held", pid: Number(parts[2]) };
}

interface AddressableFolder {
  address(name: string): string;
  close(): Promise<void>;
}

/** A way to name sockets in the folder that fits into a socket address. */
async function addressable(directory: string): Promise<AddressableFolder> {
  const nothing = async (): Promise<void> => {};
  const longestName = "lock.0123456789abcdef";
  for (const way of [directory, relative(process.cwd(), directory) || "."]) {
    if (Buffer.byteLength(join(way, longestName)) <= longestAddress) {
      return { address: (name) => join(way, name), close: nothing };
    }
  }
  if (process.platform === "linux") {
    const handle = await open(directory, "r");
    return { address: (name) => `/proc/self/fd/${handle.fd}/${name}`, close: () => handle.close() };
  }
  const message = `The path ${directory} is too long for a socket in it (${longestAddress} bytes). Use a shorter one.`;
  throw new LogError("PINTLE_LOCK_UNSUPPORTED", message);
}

function refusal(directory: string, error: unknown): unknown {
  const without = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "EINVAL", "ENOSYS"];
  if (!without.includes(systemCode(error) ?? "")) return error;
  const message = `The file system of ${directory} has no sockets, so the folder cannot be locked. Use a local file system.`;
  return new LogError("PINTLE_LOCK_UNSUPPORTED", message, error);
}

async function removeIfThere(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (systemCode(error) !== "ENOENT") throw error;
  });
}
