import { FreeForm } from "./free-form.ts";

/** A product in an event of a shop. */
export interface Product {
  readonly id?: string | number | undefined;
  readonly sku?: string | undefined;
  readonly name?: string | undefined;
  /** Of one piece, in the event's `currency`. */
  readonly price?: number | undefined;
  readonly [field: string]: unknown;
}

/**
 * Properties of an event, a page or a screen: a setter for each property that destinations know by name, and `set` for
 * all others.
 *
 * Names and setters are those of RudderStack's Go SDK (`analytics.NewProperties()`).
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

  /** Its category. */
  setCategory(category: string): this {
    return this.set("category", category);
  }

  /** Encoded as `sku`. */
  setSKU(sku: string): this {
    return this.set("sku", sku);
  }

  /** Of one piece, in `currency`. */
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

  /** With discounts, without shipping and tax. */
  setSubtotal(subtotal: number): this {
    return this.set("subtotal", subtotal);
  }

  /** Cost of shipping, in `currency`. */
  setShipping(shipping: number): this {
    return this.set("shipping", shipping);
  }

  /** In `currency`. */
  setTax(tax: number): this {
    return this.set("tax", tax);
  }

  /** In `currency`. */
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

/** New, empty properties: `properties().setRevenue(9.5).set("plan", "Free")`. A plain object does the same. */
export function properties(): PropertiesHelper {
  return new PropertiesHelper();
}
