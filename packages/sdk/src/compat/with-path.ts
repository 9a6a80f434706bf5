import type { Transport } from "../transport/transport.ts";

const batchPath = "/v1/batch";

/**
 * Sends batches to another path than `/v1/batch`, as SDKs let a program choose; other requests go
 * where they go.
 */
export function withPath(transport: Transport, path: string): Transport {
  if (path === batchPath) return transport;
  const send: Transport = (request) =>
    transport(
      request.url.endsWith(batchPath)
        ? { ...request, url: request.url.slice(0, -batchPath.length) + (path.startsWith("/") ? path : `/${path}`) }
        : request,
    );
  send.close = () => transport.close?.();
  return send;
}
