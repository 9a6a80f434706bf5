import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { DeliveredEvent } from "@pintle/events/gateway";
import { EmbeddedEngine, type EmbeddedEngineOptions } from "../engine/embedded/embedded-engine.ts";
import type { AssignedPartition, EngineRecord } from "../engine/engine.ts";
import type { PlaneLogger } from "../logger.ts";
import { eventsOf, type RecordEvents } from "../records/event-record.ts";
import { createGateway, type Gateway, type GatewayOptions, type GatewaySource } from "./gateway.ts";

export const key = "wk_shop_secret";
export const auth: string = `Basic ${btoa(`${key}:`)}`;

export const sources: readonly GatewaySource[] = [
  { id: "shop", name: "Shop", writeKeys: [key, "wk_shop_next"], enabled: true },
  { id: "off", name: "Off", writeKeys: ["wk_off"], enabled: false },
  { id: "slow", name: "Slow", writeKeys: ["wk_slow"], enabled: true, rateLimit: 2 },
];

export interface TestEngine extends EmbeddedEngine {
  /** The durable end of `events`. */
  end(): number;
  /** Records of `events` from an offset on. */
  recordsFrom(offset: number): Promise<EngineRecord[]>;
}

/**
 * The real engine, in a folder of its own, or on the file system that is given. Closed at the end
 * of the test.
 */
export async function openEngine(t: Teardown, options: Partial<EmbeddedEngineOptions> = {}): Promise<TestEngine> {
  const directory = options.directory ?? (options.fs === undefined ? await temporaryFolder(t) : "/data");
  const engine = new EmbeddedEngine({ owns: () => true, logger: keepingLogger([]), ...options, directory });
  cleanUp(t, () => engine.close());
  let partition: AssignedPartition | undefined;
  await engine.subscribe(["events"], "test", {
    assigned([assigned]) {
      partition = assigned;
    },
    async revoked() {},
  });
  assert.ok(partition);
  const events = partition;
  return Object.assign(engine, {
    end: () => events.end(),
    async recordsFrom(offset: number) {
      const records: EngineRecord[] = [];
      for (let next = Math.max(offset, events.start()); next < events.end(); ) {
        const found = await events.read(next, 1_000_000);
        records.push(...found.records);
        next = found.next;
      }
      return records;
    },
  });
}

/** Where a test leaves what has to be done at its end; a TestContext is one. */
export type Teardown = Pick<TestContext, "after">;

const endings = new WeakMap<Teardown, (() => unknown)[]>();

/**
 * Does something at the end of a test: what was made last goes first, the other way round than
 * `t.after` alone.
 */
export function cleanUp(t: Teardown, run: () => unknown): void {
  let stack = endings.get(t);
  if (stack === undefined) {
    const runs: (() => unknown)[] = [];
    t.after(async () => {
      for (const run of runs.reverse()) await run();
    });
    endings.set(t, runs);
    stack = runs;
  }
  stack.push(run);
}

/** A folder that is removed at the end of the test. */
export async function temporaryFolder(t: Teardown): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "pintle-gateway-"));
  cleanUp(t, () => rm(folder, { recursive: true, force: true }));
  return folder;
}

export interface LogLine {
  readonly level: string;
  readonly message: string;
}

/** Keeps lines, with everything that an object has to show, to look for secrets in them. */
export function keepingLogger(lines: LogLine[]): PlaneLogger {
  const at = (level: string) => (fields: object | string, message?: string) => {
    const text = typeof fields === "string" ? fields : `${message} ${JSON.stringify(fields)} ${errorText(fields)}`;
    lines.push({ level, message: text });
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

function errorText(fields: object): string {
  return Object.values(fields)
    .map((value) => (value instanceof Error ? value.stack : ""))
    .join(" ");
}

export interface Running {
  readonly gateway: Gateway;
  readonly port: number;
  readonly lines: LogLine[];
  send(request: Request): Promise<Response>;
}

export interface Request {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Uint8Array;
}

export interface Response {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
}

/** A gateway that listens, closed at the end of the test. */
export async function runGateway(
  t: Teardown,
  options: Partial<GatewayOptions> & Pick<GatewayOptions, "engine">,
): Promise<Running> {
  const lines: LogLine[] = [];
  const gateway = createGateway({ sources, version: "1.2.3", logger: keepingLogger(lines), ...options });
  gateway.server.listen(0, "127.0.0.1");
  await once(gateway.server, "listening");
  cleanUp(t, () => gateway.close(0));
  const { port } = gateway.server.address() as AddressInfo;
  return { gateway, port, lines, send: (wanted) => send(port, wanted) };
}

/**
 * Sends a request on a connection of its own. A body that the server stops reading is no error: the
 * answer counts.
 */
export function send(
  port: number,
  { method = "POST", path = "/v1/batch", headers = {}, body }: Request,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    let answered = false;
    const sending = request({ port, host: "127.0.0.1", method, path, headers, agent: false }, async (response) => {
      answered = true;
      const chunks: Buffer[] = [];
      try {
        for await (const chunk of response) chunks.push(chunk as Buffer);
      } catch (error) {
        reject(error);
        return;
      }
      const whole = Buffer.concat(chunks);
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: whole, text: whole.toString() });
      sending.destroy();
    });
    sending.on("error", (error) => {
      if (!answered) reject(error);
    });
    sending.end(body);
  });
}

/** A connection on which a test writes bytes as it likes. */
export async function open(t: Teardown, port: number): Promise<RawClient> {
  const socket = connect(port, "127.0.0.1");
  cleanUp(t, () => socket.destroy());
  await once(socket, "connect");
  return new RawClient(socket);
}

export class RawClient {
  readonly socket: Socket;
  /** Everything that was received. */
  received = "";
  /** Resolves when the server has closed the connection, well or not. */
  readonly closed: Promise<void>;
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding("latin1");
    socket.on("error", () => {});
    socket.on("data", (text: string) => {
      this.received += text;
      this.#wake();
    });
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
    void this.closed.then(() => this.#wake());
  }

  write(text: string | Uint8Array): void {
    this.socket.write(text);
  }

  /** Waits until what was received matches; rejects when the connection is closed before. */
  async until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.received)) {
      if (this.socket.destroyed) throw new Error(`closed after ${JSON.stringify(this.received)}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** The events of records, in order. */
export function delivered(records: readonly EngineRecord[]): DeliveredEvent[] {
  return records.flatMap((record): RecordEvents["events"] => eventsOf(record).events);
}

/**
 * One turn of the event loop: what a test waits in until something that it has caused can be seen.
 */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
