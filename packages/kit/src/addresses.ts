import { z } from "zod";

/** The address of a service: either one, or one for each region, the first being the default. */
export type Addresses = string | Readonly<Record<string, string>>;

/** The settings that choose or replace the address of a service. */
interface AddressSettings {
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
}

/** The schemas of those settings. */
export function addressShape(addresses: Addresses): Record<string, z.ZodType> {
  const endpoint = z
    .url({ protocol: /^https?$/, error: "A URL starts with http:// or https://" })
    .refine((url) => !/[?#@]/.test(url), { error: "An endpoint has no user, query or fragment" })
    .optional()
    .describe("Where requests go in place of the service's own address, as to a proxy");
  if (typeof addresses === "string") return { endpoint };
  const regions = Object.keys(addresses);
  const [first] = regions;
  const names = regions.map((region) => `\`${JSON.stringify(region)}\``).join(", ");
  return {
    region: z
      .enum(regions)
      .optional()
      .describe(`Where the account is: ${names}. Without it \`${JSON.stringify(first)}\``),
    endpoint,
  };
}

/** What is wrong with the combination of the two settings. */
export function addressProblem(settings: unknown): { readonly key: string; readonly message: string } | undefined {
  const { endpoint, region } = settings as AddressSettings;
  if (endpoint === undefined || region === undefined) return undefined;
  return { key: "region", message: "An endpoint says already where requests go: leave out region" };
}

/** The address that the settings choose, without a slash at its end. */
export function baseOf(addresses: Addresses, settings: unknown): string {
  const { endpoint, region } = settings as AddressSettings;
  const own =
    typeof addresses === "string" ? addresses : (addresses[region ?? ""] ?? Object.values(addresses)[0] ?? "");
  return (endpoint ?? own).replace(/\/+$/, "");
}
