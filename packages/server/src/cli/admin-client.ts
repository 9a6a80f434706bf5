import { type IncomingMessage, request } from "node:http";
import { join, resolve } from "node:path";
import { parseJson } from "@pintle/events";
import { ServerError, systemCode } from "../errors.ts";
import { readPrivateFile } from "../private-file.ts";
import type { CommandCall, CommandContext, Flag } from "./command.ts";
import { portFlag } from "./start-options.ts";

/** Flags of every command that talks to a data plane. */
export const adminFlags: Readonly<Record<string, Flag>> = {
  data: { value: "DIR", description: "the folder of the data plane (default ./pintle-data)" },
  "admin-port": { value: "PORT", description: "where it answers, if not where it says in its folder" },
};

/** The admin port of a data plane that runs on this machine. */
export interface AdminClient {
  /** @throws ServerError PINTLE_NOT_RUNNING, PINTLE_ADMIN_REFUSED */
  get(path: string, query?: Readonly<Record<string, string | undefined>>): Promise<unknown>;
  /** @throws ServerError PINTLE_NOT_RUNNING, PINTLE_ADMIN_REFUSED */
  post(path: string, body: object): Promise<unknown>;
}

/** Finds the data plane by its folder, which says where it listens and holds the token. */
export function adminClient({ flags }: CommandCall, { directory }: CommandContext): AdminClient {
  const folder = resolve(directory, flags.data ?? "pintle-data");
  const token = read(join(folder, "admin-token"));
  if (token === undefined) {
    throw new ServerError(
      "PINTLE_NOT_RUNNING",
      `${folder} is not the folder of a data plane: it has no admin-token (name another: --data DIR)`,
    );
  }
  const port = flags["admin-port"];
  const url = port === undefined ? urlIn(folder) : `http://127.0.0.1:${portFlag("admin-port", port)}`;
  const call = (method: string, path: string, body?: object) => callAdmin({ url, token, method, path, body });
  return {
    get(path, query = {}) {
      const given = Object.entries(query).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, value] as [string, string]],
      );
      return call("GET", given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`);
    },
    post: (path, body) => call("POST", path, body),
  };
}

interface AdminRequest {
  readonly url: string;
  readonly token: string;
  readonly method: string;
  readonly path: string;
  readonly body: object | undefined;
}

async function callAdmin({ url, token, method, path, body }: AdminRequest): Promise<unknown> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  let answer: { status: number; text: string };
  try {
    answer = await new Promise((resolve, reject) => {
      const sent = request(url + path, {
        method,
        // A connection of its own, so that nothing holds the process open.
        agent: false,
        headers: {
          authorization: `Bearer ${token}`,
          ...(text === undefined
            ? {}
            : { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
        },
      });
      sent.on("error", reject);
      sent.on("response", (response: IncomingMessage) => {
        response.setEncoding("utf8");
        let all = "";
        response.on("data", (chunk: string) => {
          all += chunk;
        });
        response.on("error", reject);
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text: all }));
      });
      sent.end(text);
    });
  } catch (error) {
    const code = systemCode(error);
    const reason = code === "ECONNREFUSED" ? "nobody listens there" : error instanceof Error ? error.message : code;
    throw new ServerError(
      "PINTLE_NOT_RUNNING",
      `no data plane answers at ${url}: ${reason} (is it running? if it has another port: --admin-port PORT)`,
      { cause: error },
    );
  }
  const value = parse(answer.text);
  if (answer.status === 200 && value !== undefined) return value;
  const told = (value as { error?: unknown } | undefined)?.error;
  if (answer.status === 401) {
    throw new ServerError(
      "PINTLE_ADMIN_REFUSED",
      `the data plane at ${url} does not take the token of this folder: it has another one (--data DIR)`,
    );
  }
  throw new ServerError(
    "PINTLE_ADMIN_REFUSED",
    typeof told === "string" ? told : `what answers at ${url} is not a data plane (HTTP ${answer.status})`,
  );
}

function parse(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** @throws ServerError PINTLE_FOLDER_UNUSABLE where it could be somebody else's doing */
function read(file: string): string | undefined {
  const text = readPrivateFile(file, (line) => void process.stderr.write(`pintle: ${line}\n`));
  return text === "" ? undefined : text;
}

/**
 * Where the folder says that the data plane answers: nothing else than a port of this machine gets
 * the token.
 */
function urlIn(folder: string): string {
  const url = read(join(folder, "admin-url")) ?? "http://127.0.0.1:8081";
  if (/^http:\/\/127\.0\.0\.1:\d{1,5}$/.test(url)) return url;
  throw new ServerError(
    "PINTLE_FOLDER_UNUSABLE",
    `${join(folder, "admin-url")} holds no URL of this machine, like http://127.0.0.1:8081 (name the port: --admin-port PORT)`,
  );
}
