import type { Note } from "../adjustment.ts";
import { at, type Fields, firstId, firstText, objectOf } from "../field/usable.ts";
import { amountAt } from "./amount.ts";

/** A product in an event, by the names of the e-commerce specification. */
export interface ProductFields {
  /** `product_id`, else `sku`, else `id`. */
  readonly id: string | undefined;
  readonly sku: string | undefined;
  readonly name: string | undefined;
  readonly brand: string | undefined;
  readonly category: string | undefined;
  readonly variant: string | undefined;
  readonly coupon: string | undefined;
  readonly price: number | undefined;
  /** 1 if absent. */
  readonly quantity: number;
  readonly position: number | undefined;
  readonly url: string | undefined;
  readonly imageUrl: string | undefined;
  /** The whole product, as it was sent. */
  readonly fields: Fields;
}

export function productOf(fields: Fields, note: Note | undefined): ProductFields {
  return {
    id: firstId(fields, "product_id", "sku", "id"),
    sku: firstId(fields, "sku"),
    name: firstText(fields, "name"),
    brand: firstText(fields, "brand"),
    category: firstText(fields, "category"),
    variant: firstId(fields, "variant"),
    coupon: firstId(fields, "coupon"),
    price: amountAt(fields, "price", note),
    quantity: amountAt(fields, "quantity", note) ?? 1,
    position: amountAt(fields, "position", note),
    url: firstText(fields, "url"),
    imageUrl: firstText(fields, "image_url"),
    fields,
  };
}

/** The products in a list; anything else is left out, and noted. */
export function productsIn(properties: Fields, note: Note | undefined): readonly ProductFields[] | undefined {
  const list = at(properties, "products");
  if (list === undefined || list === null) return undefined;
  if (!Array.isArray(list)) {
    note?.("invalid_value", "products");
    return undefined;
  }
  const objects = list.map(objectOf).filter((fields) => Object.keys(fields).length > 0);
  if (objects.length < list.length) note?.("invalid_value", "products");
  return objects.map((fields) => productOf(fields, note));
}
