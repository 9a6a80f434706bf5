/**
 * The trace id in a `traceparent` header (W3C Trace Context, level 1): 32 digits in lower case.
 * `undefined` where the header is absent or breaks a rule: a field of another length, upper case,
 * an id of zeros alone, version ff. What a later version puts behind the four fields of version 00
 * is passed over.
 */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  const [, version, traceId, parentId, rest] =
    /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/.exec(traceparent?.trim() ?? "") ?? [];
  if (version === undefined || version === "ff" || (version === "00" && rest !== undefined)) return undefined;
  return isZero(traceId) || isZero(parentId) ? undefined : traceId;
}

function isZero(id: string | undefined): boolean {
  return id === undefined || /^0+$/.test(id);
}
