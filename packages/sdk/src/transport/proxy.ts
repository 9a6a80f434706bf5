/** Reads a variable of the environment. */
export type ReadVariable = (name: string) => string | undefined;

/**
 * The proxy for a URL by the environment, as in Go's `net/http`: `HTTPS_PROXY` for https,
 * `HTTP_PROXY` for http, unless `NO_PROXY` has its host; each in capitals or not. `localhost` and
 * addresses of the machine itself are never reached through one. In a CGI program `HTTP_PROXY` may
 * be a header that a visitor sent (`Proxy: ...`), so there it is not believed.
 *
 * @throws ProxyError for a variable that holds no URL of a proxy
 */
export function proxyFromEnvironment(target: URL, variable: ReadVariable): URL | undefined {
  const read = (name: string): string => variable(name) || variable(name.toLowerCase()) || "";
  const name = target.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  if (name === "HTTP_PROXY" && read("REQUEST_METHOD") !== "") return undefined;
  const given = read(name);
  if (given === "" || isExempt(target, read("NO_PROXY"))) return undefined;
  const proxy = parseProxy(given);
  if (proxy !== undefined) return proxy;
  // Not shown: a password may stand in it.
  throw new ProxyError(
    `${name} in the environment holds no URL of an HTTP proxy`,
    "correct it, or set the option proxy",
  );
}

/** What is wrong with the way through a proxy. Names the proxy without its password. */
export class ProxyError extends Error {
  override readonly name = "ProxyError";
  /** What to do. */
  readonly advice: string;

  constructor(message: string, advice: string) {
    super(message);
    this.advice = advice;
  }
}

/**
 * The URL of an HTTP proxy, for which `proxy.example.com:3128` will do; `undefined` for what is
 * none (SOCKS is none).
 */
export function parseProxy(text: string): URL | undefined {
  for (const candidate of [text, `http://${text}`]) {
    const url = URL.canParse(candidate) ? new URL(candidate) : undefined;
    if (url === undefined || url.host === "") continue;
    return (url.protocol === "http:" || url.protocol === "https:") && url.pathname === "/" && url.search === ""
      ? url
      : undefined;
  }
  return undefined;
}

/**
 * Whether `NO_PROXY` (`noProxy`) has the host of a URL. It is a list with commas: a name, which
 * stands for the names below it as well; `.name` and `*.name`, which stand for those alone; an
 * address or a range of them (`10.0.0.0/8`); each but a range with a port or without; and `*` for
 * all.
 */
function isExempt(target: URL, noProxy: string): boolean {
  const host = bare(target.hostname).toLowerCase().replace(/\.$/, "");
  const port = target.port || (target.protocol === "https:" ? "443" : "80");
  const address = parseAddress(host);
  if (host === "localhost" || (address !== undefined && isLoopback(address))) return true;
  return noProxy.split(",").some((part) => {
    const entry = part.trim().toLowerCase();
    if (entry === "*") return true;
    const range = /^(.+)\/(\d{1,3})$/.exec(entry);
    if (range !== null) return address !== undefined && isWithin(address, parseAddress(range[1]!), Number(range[2]));
    const [, name = "", atPort] = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(entry) ?? [undefined, entry];
    if (name === "" || (atPort !== undefined && atPort !== "" && atPort !== port)) return false;
    const excluded = parseAddress(bare(name));
    if (excluded !== undefined) return address === excluded;
    const suffix = name.replace(/^\*(?=\.)/, "");
    return suffix.startsWith(".") ? host.endsWith(suffix) : host === suffix || host.endsWith(`.${suffix}`);
  });
}

/** Takes the brackets off an IPv6 address. */
export function bare(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, "$1");
}

/** An address as a number of 128 bits, as which IPv4 lies in `::ffff:0:0/96`. */
function parseAddress(text: string): bigint | undefined {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) {
    const bytes = text.split(".").map(Number);
    return bytes.every((byte) => byte <= 255)
      ? bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0xffffn)
      : undefined;
  }
  if (!text.includes(":") || !URL.canParse(`http://[${text}]`)) return undefined;
  // The URL writes every address in one form, without IPv4 in it.
  const [before = "", after] = bare(new URL(`http://[${text}]`).hostname).split("::");
  const groups = (part: string | undefined): string[] => (part ? part.split(":") : []);
  const [high, low] = [groups(before), groups(after)];
  const all = [...high, ...Array<string>(8 - high.length - low.length).fill("0"), ...low];
  return all.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
}

const mapped = 0xffffn << 32n;

function isWithin(address: bigint, network: bigint | undefined, prefix: number): boolean {
  if (network === undefined) return false;
  const isV4 = network >> 32n === 0xffffn;
  // The length of a range of IPv4 counts from its own first bit.
  const bits = isV4 ? prefix + 96 : prefix;
  if (bits > 128) return false;
  return address >> BigInt(128 - bits) === network >> BigInt(128 - bits);
}

function isLoopback(address: bigint): boolean {
  return address === 1n || isWithin(address, mapped + 0x7f000000n, 8);
}
