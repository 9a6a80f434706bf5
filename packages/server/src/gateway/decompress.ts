import { promisify } from "node:util";
import {
  brotliDecompress,
  brotliDecompressSync,
  gunzip,
  gunzipSync,
  inflate,
  inflateRaw,
  inflateRawSync,
  inflateSync,
} from "node:zlib";
import { badCompression, bodyTooLarge, type GatewayAnswer } from "./answer.ts";

export type Encoding = "gzip" | "deflate" | "br";

/**
 * The encoding that a `Content-Encoding` header names; `undefined` for none, `"unsupported"` for
 * any other, or several.
 */
export function encodingOf(header: string | undefined): Encoding | "unsupported" | undefined {
  if (header === undefined) return undefined;
  switch (header.trim().toLowerCase()) {
    case "":
    case "identity":
      return undefined;
    case "gzip":
    case "x-gzip": // RFC 9110, 8.4.1.3: the same.
      return "gzip";
    case "deflate":
      return "deflate";
    case "br":
      return "br";
    default:
      return "unsupported";
  }
}

/**
 * How many bytes a compressed body may have itself: what does not compress grows by less than a
 * thousandth. Together with the limit on what comes out, it bounds what one request can cost in
 * memory.
 */
export function compressedLimit(limit: number): number {
  return limit + Math.ceil(limit / 1000) + 1024;
}

/**
 * Compressed bytes up to which the work is done at once; for more, the way to the thread pool and
 * back is worth it.
 */
const synchronousBytes = 1_000_000;

interface Bounds {
  readonly maxOutputLength: number;
  readonly chunkSize: number;
}

interface Codec {
  now(body: Buffer, bounds: Bounds): Buffer;
  later(body: Buffer, bounds: Bounds): Promise<Buffer>;
}

const codecs: Readonly<Record<"gzip" | "zlib" | "raw" | "br", Codec>> = {
  gzip: { now: gunzipSync, later: promisify<Buffer, Bounds, Buffer>(gunzip) },
  zlib: { now: inflateSync, later: promisify<Buffer, Bounds, Buffer>(inflate) },
  raw: { now: inflateRawSync, later: promisify<Buffer, Bounds, Buffer>(inflateRaw) },
  br: { now: brotliDecompressSync, later: promisify<Buffer, Bounds, Buffer>(brotliDecompress) },
};

/**
 * The body as it was before compression, or the answer that refuses it. Never makes more than
 * `limit` bytes and one chunk.
 */
export function decompress(
  body: Buffer,
  encoding: Encoding,
  limit: number,
): Buffer | GatewayAnswer | Promise<Buffer | GatewayAnswer> {
  const codec = codecs[encoding === "deflate" ? (hasZlibHeader(body) ? "zlib" : "raw") : encoding];
  const bounds: Bounds = { maxOutputLength: limit, chunkSize: chunkSize(body, encoding, limit) };
  if (body.length > synchronousBytes) return codec.later(body, bounds).catch(refusal);
  try {
    return codec.now(body, bounds);
  } catch (error) {
    return refusal(error);
  }
}

function refusal(error: unknown): GatewayAnswer {
  return (error as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE" ? bodyTooLarge : badCompression;
}

/**
 * `deflate` means the zlib format (RFC 9110, 8.4.1.2); some clients send the bare deflate stream,
 * as browsers accept.
 */
function hasZlibHeader(body: Buffer): boolean {
  return body.length >= 2 && (body[0]! & 0x0f) === 8 && body.readUInt16BE(0) % 31 === 0;
}

/**
 * A gzip stream ends with its size before compression (RFC 1952, ISIZE). As the size of the
 * output's chunks it saves collecting and copying several. A body can lie in it; a chunk is never
 * larger than 256 KB for that.
 */
function chunkSize(body: Buffer, encoding: Encoding, limit: number): number {
  if (encoding !== "gzip" || body.length < 18) return 16_384;
  const size = body.readUInt32LE(body.length - 4);
  return Math.min(Math.max(size, 1024) + 1, 262_144, Math.max(limit, 1024) + 1);
}
