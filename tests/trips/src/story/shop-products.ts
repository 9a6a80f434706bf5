/**
 * What the shop of the stories sells. Prices are in cents, as whole numbers, so that sums are
 * exact.
 */
export interface Product {
  readonly id: string;
  readonly sku: string;
  readonly name: string;
  readonly brand: string;
  readonly category: string;
  readonly variant?: string;
  readonly cents: number;
}

export const products: readonly Product[] = [
  { id: "p-1", sku: "TEA-01", name: "Earl Grey, 100 g", brand: "Pekoe", category: "Tea", cents: 790 },
  {
    id: "p-2",
    sku: "TEA-02",
    name: "Sencha “Frühling”",
    brand: "Pekoe",
    category: "Tea",
    variant: "loose",
    cents: 1250,
  },
  {
    id: "p-3",
    sku: "CUP-01",
    name: "Cup & saucer",
    brand: "Kiln",
    category: "Tableware",
    variant: "blue",
    cents: 1999,
  },
  { id: "p-4", sku: "POT-01", name: "Teapot <1.2 l>", brand: "Kiln", category: "Tableware", cents: 4900 },
  { id: "p-5", sku: "BOX-05", name: "お茶箱", brand: "Wa", category: "Storage", variant: "large", cents: 3333 },
  { id: "p-6", sku: "GFT-10", name: "Gift card 🎁", brand: "Pekoe", category: "Gifts", cents: 1000 },
];

/** What stands in a cart: a product so many times. */
export interface Line {
  readonly product: Product;
  readonly quantity: number;
}

export function linesCents(lines: readonly Line[]): number {
  return lines.reduce((sum, { product, quantity }) => sum + product.cents * quantity, 0);
}

/** The fields of a product in an event, by the e-commerce specification. */
export function productFields({ product, quantity }: Line, position?: number): Record<string, unknown> {
  const { id, sku, cents, ...rest } = product;
  return {
    product_id: id,
    sku,
    ...rest,
    price: cents / 100,
    quantity,
    ...(position === undefined ? {} : { position }),
    url: `https://shop.example/p/${id}`,
    image_url: `https://shop.example/p/${id}.jpg`,
  };
}
