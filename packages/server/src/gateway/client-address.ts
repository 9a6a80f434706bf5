import { BlockList, isIP } from "node:net";

/**
 * Finds the address that becomes an event's `request_ip`: the peer's, or, if the peer is a trusted
 * proxy, the first entry of `X-Forwarded-For`. Anybody can send that header, hence nobody is
 * trusted by default.
 */
export class ClientAddress {
  readonly #trusted: BlockList | undefined;

  /**
   * `trustedProxies`: addresses, or subnets as `10.0.0.0/8`. Throws a `RangeError` for one that is
   * neither.
   */
  constructor(trustedProxies: readonly string[]) {
    if (trustedProxies.length === 0) return;
    this.#trusted = new BlockList();
    for (const proxy of trustedProxies) {
      const [address = "", prefix, ...rest] = proxy.split("/");
      const family = isIP(address);
      const bits = prefix === undefined ? undefined : Number(prefix);
      const valid = bits === undefined || (/^\d{1,3}$/.test(prefix ?? "") && bits <= (family === 4 ? 32 : 128));
      if (family === 0 || rest.length > 0 || !valid) {
        throw new RangeError(`trustedProxies: "${proxy}" is neither an IP address nor a subnet such as 10.0.0.0/8`);
      }
      const type = family === 4 ? "ipv4" : "ipv6";
      if (bits === undefined) this.#trusted.addAddress(address, type);
      else this.#trusted.addSubnet(address, bits, type);
    }
  }

  /** `""` when the peer is already gone. */
  find(peer: string | undefined, forwardedFor: string | undefined): string {
    const address = withoutMapping(peer ?? "");
    if (this.#trusted === undefined || forwardedFor === undefined) return address;
    if (!this.#trusted.check(address, isIP(address) === 6 ? "ipv6" : "ipv4")) return address;
    const comma = forwardedFor.indexOf(",");
    return readAddress(comma === -1 ? forwardedFor : forwardedFor.slice(0, comma)) ?? address;
  }
}

/** An IPv4 client of a socket that listens on IPv6 shows up as `::ffff:192.0.2.7`. */
function withoutMapping(address: string): string {
  return address.startsWith("::ffff:") && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}

/**
 * An address as proxies write it: alone, with a port, in brackets. `undefined` for anything else,
 * such as `unknown`.
 */
function readAddress(entry: string): string | undefined {
  const text = entry.trim();
  const inside = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
  return isIP(inside) === 0 ? undefined : withoutMapping(inside);
}
