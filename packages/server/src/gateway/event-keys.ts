/*
 * The keys that the scan of events looks for, each told from others of its length. Written out: a
 * loop over the letters of a name takes twice as long, and these are compared for every event.
 */

/** `batch` */
export function isBatch(bytes: Buffer, at: number): boolean {
  return (
    bytes[at] === 0x62 &&
    bytes[at + 1] === 0x61 &&
    bytes[at + 2] === 0x74 &&
    bytes[at + 3] === 0x63 &&
    bytes[at + 4] === 0x68
  );
}

/** `sentAt` */
export function isSentAt(bytes: Buffer, at: number): boolean {
  return (
    bytes[at] === 0x73 &&
    bytes[at + 1] === 0x65 &&
    bytes[at + 2] === 0x6e &&
    bytes[at + 3] === 0x74 &&
    bytes[at + 4] === 0x41 &&
    bytes[at + 5] === 0x74
  );
}

/** `userId` */
export function isUserId(bytes: Buffer, at: number): boolean {
  return (
    bytes[at] === 0x75 &&
    bytes[at + 1] === 0x73 &&
    bytes[at + 2] === 0x65 &&
    bytes[at + 3] === 0x72 &&
    bytes[at + 4] === 0x49 &&
    bytes[at + 5] === 0x64
  );
}

/** `anonymousId` */
export function isAnonymousId(bytes: Buffer, at: number): boolean {
  return (
    bytes[at] === 0x61 &&
    bytes[at + 1] === 0x6e &&
    bytes[at + 2] === 0x6f &&
    bytes[at + 3] === 0x6e &&
    bytes[at + 4] === 0x79 &&
    bytes[at + 5] === 0x6d &&
    bytes[at + 6] === 0x6f &&
    bytes[at + 7] === 0x75 &&
    bytes[at + 8] === 0x73 &&
    bytes[at + 9] === 0x49 &&
    bytes[at + 10] === 0x64
  );
}

/** `messageId` */
export function isMessageId(bytes: Buffer, at: number): boolean {
  return (
    bytes[at] === 0x6d &&
    bytes[at + 1] === 0x65 &&
    bytes[at + 2] === 0x73 &&
    bytes[at + 3] === 0x73 &&
    bytes[at + 4] === 0x61 &&
    bytes[at + 5] === 0x67 &&
    bytes[at + 6] === 0x65 &&
    bytes[at + 7] === 0x49 &&
    bytes[at + 8] === 0x64
  );
}

/** `timestamp` */
export function isTimestamp(bytes: Buffer, at: number): boolean {
  return (
    bytes[at] === 0x74 &&
    bytes[at + 1] === 0x69 &&
    bytes[at + 2] === 0x6d &&
    bytes[at + 3] === 0x65 &&
    bytes[at + 4] === 0x73 &&
    bytes[at + 5] === 0x74 &&
    bytes[at + 6] === 0x61 &&
    bytes[at + 7] === 0x6d &&
    bytes[at + 8] === 0x70
  );
}

/** `originalTimestamp` */
export function isOriginalTimestamp(bytes: Buffer, at: number): boolean {
  return (
    bytes[at] === 0x6f &&
    bytes[at + 1] === 0x72 &&
    bytes[at + 2] === 0x69 &&
    bytes[at + 3] === 0x67 &&
    bytes[at + 4] === 0x69 &&
    bytes[at + 5] === 0x6e &&
    bytes[at + 6] === 0x61 &&
    bytes[at + 7] === 0x6c &&
    bytes[at + 8] === 0x54 &&
    bytes[at + 9] === 0x69 &&
    bytes[at + 10] === 0x6d &&
    bytes[at + 11] === 0x65 &&
    bytes[at + 12] === 0x73 &&
    bytes[at + 13] === 0x74 &&
    bytes[at + 14] === 0x61 &&
    bytes[at + 15] === 0x6d &&
    bytes[at + 16] === 0x70
  );
}
