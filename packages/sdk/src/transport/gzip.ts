/** Compresses without blocking the caller; resolves with a gzip stream (RFC 1952). */
export type Gzip = (bytes: Uint8Array) => Promise<Uint8Array>;

/**
 * Below this many bytes a body goes out as it is: it fits into one network packet, and compressing
 * costs more than it saves.
 */
export const gzipThreshold: number = 1024;
