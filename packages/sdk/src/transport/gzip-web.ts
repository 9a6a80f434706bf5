import type { Gzip } from "./gzip.ts";

/** gzip by the web's `CompressionStream`, whose level cannot be chosen. */
export const gzipWeb: Gzip = async (bytes) => {
  const stream = new CompressionStream("gzip");
  const writer = stream.writable.getWriter();
  // A failure surfaces at the reading side; unheard here, it would be an unhandled rejection.
  writer.write(bytes as Uint8Array<ArrayBuffer>).catch(() => {});
  writer.close().catch(() => {});
  return new Uint8Array(await new Response(stream.readable).arrayBuffer());
};
