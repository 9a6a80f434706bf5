import { type DataPlaneClient, isStale } from "./data-plane-client.ts";

/**
 * RudderStack's proxy in front of several nodes is told by the client which node a request is for,
 * and how many nodes the client believes in. Ids of an encoded message are texts. The Go SDK's
 * rule: CRC-32 of `userId:anonymousId`, modulo the number of nodes.
 */
export function nodeOf(message: { readonly [field: string]: unknown }, nodes: number): number {
  return nodes === 1 ? 0 : crc32(encoder.encode(`${message.userId ?? ""}:${message.anonymousId ?? ""}`)) % nodes;
}

const mostNodes = 10_000;

/** The number of nodes in an answer to `GET /cluster-info`: `{"nodeCount":3}`. */
export function parseNodeCount(body: string): number | undefined {
  try {
    const count: unknown = (JSON.parse(body) as { nodeCount?: unknown } | null)?.nodeCount;
    return Number.isInteger(count) && (count as number) >= 1 && (count as number) <= mostNodes
      ? (count as number)
      : undefined;
  } catch {
    return undefined;
  }
}

/** The number of nodes behind the data plane; rejects if it does not say. */
export async function askForNodes(client: Pick<DataPlaneClient, "get">, signal: AbortSignal): Promise<number> {
  const ask = () => client.get("/cluster-info", signal);
  const answer = await ask().catch((error: unknown) => (isStale(error) ? ask() : Promise.reject(error)));
  const count = answer.status === 200 ? parseNodeCount(answer.body) : undefined;
  if (count === undefined) throw new Error(`status ${answer.status} with no number of nodes`);
  return count;
}

const encoder = new TextEncoder();
let table: Int32Array | undefined;

/** CRC-32 with the polynomial of IEEE 802.3, as an unsigned number. */
export function crc32(bytes: Uint8Array): number {
  table ??= crcTable();
  let crc = -1;
  for (const byte of bytes) crc = table[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ -1) >>> 0;
}

/** Made when it is first needed: most clients never talk to such a proxy. */
function crcTable(): Int32Array {
  return Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    return crc;
  });
}
