import { existsSync, readFileSync } from "node:fs";
import { type NeedAnswer, need } from "./support/need.ts";

/** Where the purchases are, if they are. */
export const cdnowFile: string | undefined = process.env.PINTLE_CDNOW;

/** The options of a test that reads them. */
export const needCdnow: NeedAnswer = need("The CDNOW purchases", {
  found: cdnowFile !== undefined && existsSync(cdnowFile),
  install: "PINTLE_CDNOW=path/to/CDNOW_sample.txt npm test (Fader and Hardie's 1/10 sample of the CDNOW data set)",
});

/**
 * One purchase at the online shop CDNOW. Money is in cents, as whole numbers, so that sums are
 * exact.
 */
export interface Purchase {
  readonly customer: string;
  /** RFC 3339; the data knows the day. */
  readonly date: string;
  readonly cds: number;
  readonly cents: number;
}

/**
 * Reads the sample of the CDNOW data set: a line is one purchase, with the customer's numbers in
 * the whole set and in the sample, the date (YYYYMMDD), the CDs and the dollars. Throws on a line
 * that is anything else. The purchases come back in the order in which the shop saw them: by day,
 * and within a day as in the file.
 */
export function readPurchases(path: string): Purchase[] {
  const lines = readFileSync(path, "utf8").split(/\r?\n/);
  const purchases = lines.filter((line) => line.trim() !== "").map(parsePurchase);
  return purchases.sort((a, b) => (a.date < b.date ? -1 : a.date > b.date ? 1 : 0));
}

export function parsePurchase(line: string): Purchase {
  const columns = /^\s*\d+\s+(\d+)\s+(\d{4})(\d{2})(\d{2})\s+(\d+)\s+(\d+)\.(\d{2})\s*$/.exec(line);
  if (columns === null) throw new Error(`not a line of the CDNOW sample: ${JSON.stringify(line)}`);
  const [, customer, year, month, day, cds, dollars, cents] = columns;
  return {
    customer: `customer-${customer}`,
    date: `${year}-${month}-${day}T00:00:00.000Z`,
    cds: Number(cds),
    cents: Number(dollars) * 100 + Number(cents),
  };
}

export function byCustomer<T extends { readonly customer: string }>(purchases: Iterable<T>): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const purchase of purchases) {
    const group = groups.get(purchase.customer);
    if (group === undefined) groups.set(purchase.customer, [purchase]);
    else group.push(purchase);
  }
  return groups;
}
