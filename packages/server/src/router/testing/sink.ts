import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Destination } from "../../model/destination.ts";

/** Is removed after the test. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "pintle-router-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export type Body = { messageId: string; userId: string };

export interface Sink {
  readonly url: string;
  /** Events that it has answered with 200. */
  readonly events: Body[];
  /** Resolves when something holds; it is looked at after each event. */
  until(condition: () => boolean): Promise<void>;
}

/** A webhook's other end. */
export async function sink(
  t: TestContext,
  answer: (body: Body, response: ServerResponse) => boolean = () => true,
): Promise<Sink> {
  const events: Body[] = [];
  let told: (() => void)[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Body;
      if (!answer(body, response)) return;
      events.push(body);
      response.end("ok");
      for (const tell of told) tell();
      told = [];
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const until = async (condition: () => boolean) => {
    while (!condition()) await new Promise<void>((resolve) => told.push(resolve));
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, events, until };
}

export function webhook(id: string, url: string, more: object = {}): Destination {
  return { id, name: id, type: "webhook", enabled: true, settings: { url, ...more } };
}
