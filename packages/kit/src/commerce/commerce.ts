import type { DeliveredEvent } from "@pintle/events/gateway";
import type { Note } from "../adjustment.ts";
import { at, type Fields, firstId, objectOf, textOf } from "../field/usable.ts";
import { amountAt, rounded } from "./amount.ts";
import { type CommerceEvent, commerceName, isAbout } from "./event-names.ts";
import { type ProductFields, productOf, productsIn } from "./product.ts";

export interface CommerceOptions {
  /** The currency of events that name none: the setting `currency`. */
  readonly currency?: string | undefined;
  /** Records a field that was left out, as `invalid_value`. */
  readonly note?: Note | undefined;
}

/**
 * The order, cart or product in an event, by the e-commerce specification, version 2. Numbers may
 * be numeric texts; anything else is left out, and noted. Each field is looked up anew each time it
 * is read.
 */
export class Commerce {
  /** What the specification calls the event. */
  readonly name: CommerceEvent | undefined;
  readonly #properties: Fields;
  readonly #currency: string | undefined;
  readonly #note: Note | undefined;

  constructor(event: DeliveredEvent, { currency, note }: CommerceOptions) {
    this.name = commerceName(event);
    this.#properties = objectOf(event.properties);
    this.#currency = currency;
    this.#note = note;
  }

  /** `order_id`, else `orderId`; for a checkout without either, `checkout_id`. */
  get orderId(): string | undefined {
    const isCheckout = this.name !== undefined && isAbout(this.name, "checkout");
    return firstId(this.#properties, "order_id", "orderId") ?? (isCheckout ? this.checkoutId : undefined);
  }

  get checkoutId(): string | undefined {
    return firstId(this.#properties, "checkout_id");
  }

  get coupon(): string | undefined {
    return firstId(this.#properties, "coupon");
  }

  /**
   * The value: `revenue`, else `total`, else `value`, else the sum of the products; for an event
   * about one product, its `value`, else price times quantity.
   */
  get value(): number | undefined {
    const isProduct = this.name !== undefined && isAbout(this.name, "product");
    const given = isProduct
      ? this.amount("value")
      : (this.amount("revenue") ?? this.amount("total") ?? this.amount("value"));
    if (given !== undefined) return given;
    const priced = this.#products(undefined).flatMap(({ price, quantity }) =>
      price === undefined ? [] : [price * quantity],
    );
    const sum = priced.reduce((total, each) => total + each, 0);
    return priced.length === 0 || !Number.isFinite(sum) ? undefined : rounded(sum);
  }

  /** A number of the properties: `tax`, `shipping`, `discount`, `subtotal`. */
  amount(key: string): number | undefined {
    return amountAt(this.#properties, key, this.#note);
  }

  /** Three capital letters. */
  get currency(): string | undefined {
    const given = at(this.#properties, "currency");
    if (given === undefined || given === null || given === "") return this.#currency;
    const code = textOf(given)?.toUpperCase();
    if (code !== undefined && /^[A-Z]{3}$/.test(code)) return code;
    this.#note?.("invalid_value", "currency");
    return this.#currency;
  }

  /** The products in the list `products`, else the one that the event is about. */
  get products(): readonly ProductFields[] {
    return this.#products(this.#note);
  }

  #products(note: Note | undefined): readonly ProductFields[] {
    const listed = productsIn(this.#properties, note);
    if (listed !== undefined) return listed;
    return this.name !== undefined && isAbout(this.name, "product") ? [productOf(this.#properties, note)] : [];
  }
}

/**
 * Reads an event as one of an online shop: docs/writing-a-destination.md says where each field is
 * looked for.
 */
export function commerce(event: DeliveredEvent, options: CommerceOptions = {}): Commerce {
  return new Commerce(event, options);
}
