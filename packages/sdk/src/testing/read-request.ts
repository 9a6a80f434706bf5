import type { IncomingMessage } from "node:http";
import { gunzipSync } from "node:zlib";
import type { ReceivedMessage, ReceivedRequest } from "./received-request.ts";

/** Reads a request to its end, and what stands in it. */
export async function readRequest(incoming: IncomingMessage, index: number): Promise<ReceivedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const wire = Buffer.concat(chunks);
  const envelope = {
    index,
    method: incoming.method ?? "",
    path: incoming.url ?? "",
    headers: incoming.headers as Record<string, string | undefined>,
    writeKey: writeKeyOf(incoming.headers.authorization),
    wireBytes: wire.byteLength,
    at: Date.now(),
  };
  if (envelope.method === "GET") return { ...envelope, text: "", messages: [] };
  let text = "";
  try {
    const encoding = incoming.headers["content-encoding"];
    if (encoding !== undefined && encoding !== "gzip") throw new Error(`Content-Encoding ${encoding} is not known`);
    text = (encoding === "gzip" ? gunzipSync(wire) : wire).toString("utf8");
    return { ...envelope, text, messages: messagesIn(text) };
  } catch (error) {
    return { ...envelope, text, messages: [], problem: String(error) };
  }
}

function messagesIn(text: string): readonly ReceivedMessage[] {
  const body: unknown = JSON.parse(text);
  if (typeof body !== "object" || body === null || !("batch" in body) || !Array.isArray(body.batch)) {
    throw new Error("the body is no object with a list `batch`");
  }
  return body.batch as ReceivedMessage[];
}

function writeKeyOf(authorization: string | undefined): string | undefined {
  const encoded = /^Basic (\S+)$/.exec(authorization ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const [user] = Buffer.from(encoded, "base64").toString("utf8").split(":");
  return user;
}
