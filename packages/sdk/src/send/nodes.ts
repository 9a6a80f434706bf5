/**
 * RudderStack's proxy in front of several nodes is told by the client which node a request is for, and how many nodes the
 * client believes in. Ids of an encoded message are texts. The Go SDK's rule: CRC-32 of `userId:anonymousId`, modulo the number of nodes.
 */
export function nodeOf(message: { readonly [field: string]: unknown }, nodes: number): number {
  return nodes === 1 ? 0 : crc32(encoder.encode(`${message.userId ?? ""}:${message.anonymousId ?? ""}`)) % nodes;
}

/** The headers that go with a request, as the Go SDK sends them. */
export function nodeHeaders(node: number, nodes: number): Record<string, string> {
  return { "RS-targetNode": String(node), "RS-nodeCount": String(nodes), "RS-userAgent": "serverSDK" };
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
