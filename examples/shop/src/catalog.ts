export interface Product {
  readonly sku: string;
  readonly name: string;
  readonly price: number;
}

export const catalog: readonly Product[] = [
  { sku: "cd-041", name: "Kind of Blue", price: 12.49 },
  { sku: "cd-107", name: "Graceland", price: 11.99 },
  { sku: "cd-180", name: "Dummy", price: 10.79 },
  { sku: "cd-222", name: "The Köln Concert", price: 14.25 },
  { sku: "cd-305", name: "Buena Vista Social Club", price: 13.5 },
  { sku: "cd-360", name: "Homogenic", price: 11.25 },
];
