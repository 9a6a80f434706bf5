import { FreeForm } from "./free-form.ts";

/** A product in an event of a shop. See {@link PropertiesHelper}. */
export interface Product {
  readonly id?: string | number | undefined;
  readonly sku?: string | undefined;
  readonly name?: string | undefined;
  /** Price of one piece, in the event's `currency`. */
  readonly price?: number | undefined;
  readonly [field: string]: unknown;
}

/**
 * Properties of an event, a page or a screen: a setter for each property that destinations know by
 * name, and `set` for all others.
 *
 * Names and setters are those of RudderStack's Go SDK (`analytics.NewProperties()`).
 *
 * @example
 * ```ts
 * import { properties } from "@pintle/sdk";
 *
 * client.track({
 *   userId: "123",
 *   event: "Order Completed",
 *   properties: properties()
 *     .setOrderId("o-1")
 *     .setCurrency("EUR")
 *     .setRevenue(25.5)
 *     .setValue(30)
 *     .setTotal(31)
 *     .setSubtotal(25.5)
 *     .setShipping(3)
 *     .setTax(2.5)
 *     .setDiscount(0)
 *     .setCoupon("NOVEMBER")
 *     .setRepeat(true)
 *     .setProducts({ id: "p-1", sku: "SKU-1", name: "Pizza", price: 8.5, quantity: 3 })
 *     .set("gift", false),
 * });
 * client.track({
 *   userId: "123",
 *   event: "Product Viewed",
 *   properties: properties()
 *     .setProductId("p-1")
 *     .setSKU("SKU-1")
 *     .setName("Pizza")
 *     .setCategory("Food")
 *     .setPrice(8.5),
 * });
 * client.page({
 *   userId: "123",
 *   name: "Pizza",
 *   properties: properties()
 *     .setURL("https://shop.example.com/pizza")
 *     .setPath("/pizza")
 *     .setTitle("Pizza")
 *     .setReferrer("https://example.com"),
 * });
 * ```
 */
export class PropertiesHelper extends FreeForm {
  /** What was earned, in `currency`. */
  setRevenue(revenue: number): this {
    return this.set("revenue", revenue);
  }

  /** ISO 4217, for example `"EUR"`. */
  setCurrency(currency: string): this {
    return this.set("currency", currency);
  }

  /** What the event is worth where that is no revenue. */
  setValue(value: number): this {
    return this.set("value", value);
  }

  /** Path of a page's URL. */
  setPath(path: string): this {
    return this.set("path", path);
  }

  /** URL of the page before. */
  setReferrer(referrer: string): this {
    return this.set("referrer", referrer);
  }

  /** Title of the page. */
  setTitle(title: string): this {
    return this.set("title", title);
  }

  /** Address of the page. */
  setURL(url: string): this {
    return this.set("url", url);
  }

  /** Name of the product, page or whatever it is about. */
  setName(name: string): this {
    return this.set("name", name);
  }

  /** The category. */
  setCategory(category: string): this {
    return this.set("category", category);
  }

  /** Encoded as `sku`. */
  setSKU(sku: string): this {
    return this.set("sku", sku);
  }

  /** Price of one piece, in `currency`. */
  setPrice(price: number): this {
    return this.set("price", price);
  }

  /** Encoded as `id`, as the Go SDK does. */
  setProductId(id: string | number): this {
    return this.set("id", id);
  }

  /** Encoded as `orderId`. */
  setOrderId(id: string | number): this {
    return this.set("orderId", id);
  }

  /** What the customer pays, with discounts, shipping and tax. */
  setTotal(total: number): this {
    return this.set("total", total);
  }

  /** The sum with discounts, without shipping and tax. */
  setSubtotal(subtotal: number): this {
    return this.set("subtotal", subtotal);
  }

  /** Cost of shipping, in `currency`. */
  setShipping(shipping: number): this {
    return this.set("shipping", shipping);
  }

  /** The amount, in `currency`. */
  setTax(tax: number): this {
    return this.set("tax", tax);
  }

  /** The amount, in `currency`. */
  setDiscount(discount: number): this {
    return this.set("discount", discount);
  }

  /** Code of the coupon. */
  setCoupon(coupon: string): this {
    return this.set("coupon", coupon);
  }

  /** Replaces the products set before. */
  setProducts(...products: readonly Product[]): this {
    return this.set("products", products);
  }

  /** Whether the customer has bought before. */
  setRepeat(repeat: boolean): this {
    return this.set("repeat", repeat);
  }
}

/**
 * New, empty properties: `properties().setRevenue(9.5).set("plan", "Free")`. A plain object does
 * the same.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { type Properties, properties } from "@pintle/sdk";
 *
 * const plain: Properties = { revenue: 9.5, plan: "Free" };
 * assert.deepEqual({ ...properties().setRevenue(9.5).set("plan", "Free") }, plain);
 * ```
 */
export function properties(): PropertiesHelper {
  return new PropertiesHelper();
}
