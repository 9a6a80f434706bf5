/**
 * Whether a request target is a whole URL: what clients send to a proxy, and servers have to take
 * (RFC 9112, 3.2.2).
 */
export function isAbsoluteTarget(target: string): boolean {
  return !target.startsWith("/") && absolute.test(target);
}

const absolute = /^https?:\/\/[^/?#]*/i;

/**
 * The path of a request target, without query, doubled slashes, and a slash at the end: SDKs that
 * are given a URL with a trailing slash send `//v1/track`, and the browser SDK asks for
 * `/sourceConfig/`.
 */
export function pathOf(target: string): string {
  const mark = target.indexOf("?");
  const whole = mark === -1 ? target : target.slice(0, mark);
  const path = whole.startsWith("/") ? whole : whole.replace(absolute, "") || "/";
  if (!path.includes("//") && !path.endsWith("/")) return path;
  const single = path.replace(/\/{2,}/g, "/");
  return single.length > 1 && single.endsWith("/") ? single.slice(0, -1) : single;
}
