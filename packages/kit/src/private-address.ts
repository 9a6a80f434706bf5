import { BlockList, isIPv4, isIPv6 } from "node:net";

/**
 * Addresses that cannot, or must not, be reached through the public internet: IANA's IPv4
 * Special-Purpose Address Registry, and multicast.
 */
const specialV4 = new BlockList();
for (const [network, prefix] of [
  ["0.0.0.0", 8], // this host
  ["10.0.0.0", 8], // private
  ["100.64.0.0", 10], // shared, behind a carrier's NAT
  ["127.0.0.0", 8], // loopback
  ["169.254.0.0", 16], // link-local: clouds answer with credentials here
  ["172.16.0.0", 12], // private
  ["192.0.0.0", 24], // protocol assignments
  ["192.0.2.0", 24], // documentation
  ["192.88.99.0", 24], // 6to4 relays, given up
  ["192.168.0.0", 16], // private
  ["198.18.0.0", 15], // benchmarks
  ["198.51.100.0", 24], // documentation
  ["203.0.113.0", 24], // documentation
  ["224.0.0.0", 4], // multicast
  ["240.0.0.0", 4], // reserved, and broadcast
] as const) {
  specialV4.addSubnet(network, prefix, "ipv4");
}

/**
 * Ranges of 2000::/3 that are not public all the same: IANA's IPv6 Special-Purpose Address
 * Registry.
 */
const specialV6 = new BlockList();
for (const [network, prefix] of [
  ["2001::", 23], // protocol assignments, Teredo among them: an IPv4 address is hidden in it
  ["2001:db8::", 32], // documentation
  ["3fff::", 20], // documentation
] as const) {
  specialV6.addSubnet(network, prefix, "ipv6");
}

/**
 * Whether an IP address is not public: loopback, private, link-local, shared, multicast, reserved.
 * An IPv6 address that stands for an IPv4 one (mapped, compatible, NAT64, 6to4) is judged as that
 * one. Anything that is not an IP address counts as private.
 */
export function isPrivateAddress(address: string): boolean {
  if (isIPv4(address)) return specialV4.check(address, "ipv4");
  const [plain = ""] = address.split("%");
  if (!isIPv6(plain)) return true;
  const groups = groupsOf(plain);
  const inner = innerV4(groups);
  if (inner !== undefined) return specialV4.check(inner, "ipv4");
  const isGlobalUnicast = (groups[0]! & 0xe000) === 0x2000;
  return !isGlobalUnicast || specialV6.check(plain, "ipv6");
}

/** The eight groups of an IPv6 address that is known to be one. */
function groupsOf(address: string): number[] {
  const hex = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...bytes: string[]) => {
    const [a, b, c, d] = bytes.map(Number) as [number, number, number, number];
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [head = "", tail] = hex.split("::");
  const numbers = (text: string) => (text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16)));
  const before = numbers(head);
  if (tail === undefined) return before;
  const after = numbers(tail);
  return [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
}

/**
 * The IPv4 address for which an IPv6 one stands, by RFC 4291 (mapped, compatible), RFC 6052 (NAT64)
 * or RFC 3056 (6to4).
 */
function innerV4(groups: readonly number[]): string | undefined {
  const [g0, g1, g2, g3, g4, g5, g6, g7] = groups as [number, number, number, number, number, number, number, number];
  const dotted = (high: number, low: number) => `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  if (g0 === 0x2002) return dotted(g1, g2);
  const isNat64 = g0 === 0x64 && g1 === 0xff9b && g2 === 0;
  const isEmbedded = g0 === 0 && g1 === 0 && g2 === 0;
  if ((isNat64 || isEmbedded) && g3 === 0 && g4 === 0 && (g5 === 0 || (isEmbedded && g5 === 0xffff)))
    return dotted(g6, g7);
  return undefined;
}
