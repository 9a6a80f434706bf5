import type { Pintle } from "@pintle/sdk";
import type { Product } from "./catalog.ts";

export interface Customer {
  readonly id: string;
  readonly name: string;
  readonly email: string;
}

export interface Order {
  readonly id: string;
  readonly products: readonly Product[];
  readonly total: number;
}

/**
 * A small music shop. Each thing that a customer does is one method; what the shop wants to know
 * about it afterwards is one call of the SDK beside it, which returns at once and never throws.
 */
export class Shop {
  readonly #analytics: Pintle;
  readonly #carts = new Map<string, Product[]>();
  #orders = 0;

  constructor(analytics: Pintle) {
    this.#analytics = analytics;
  }

  signUp(customer: Customer, plan: "free" | "club"): void {
    const { id, name, email } = customer;
    this.#analytics.identify({ userId: id, traits: { name, email, plan } });
    this.#analytics.track({ userId: id, event: "Signed Up", properties: { plan } });
  }

  view(customer: Customer, product: Product): void {
    this.#analytics.page({ userId: customer.id, name: "Product", properties: { path: `/products/${product.sku}` } });
    this.#analytics.track({ userId: customer.id, event: "Product Viewed", properties: { ...product } });
  }

  addToCart(customer: Customer, product: Product): void {
    const cart = this.#carts.get(customer.id) ?? [];
    cart.push(product);
    this.#carts.set(customer.id, cart);
    this.#analytics.track({ userId: customer.id, event: "Product Added", properties: { ...product } });
  }

  /** Buys what is in the cart; `undefined` when it is empty. */
  checkOut(customer: Customer): Order | undefined {
    const products = this.#carts.get(customer.id) ?? [];
    if (products.length === 0) return undefined;
    this.#carts.delete(customer.id);
    this.#orders++;
    const cents = products.reduce((sum, { price }) => sum + Math.round(price * 100), 0);
    const order = { id: `order-${this.#orders}`, products, total: cents / 100 };
    this.#analytics.track({
      userId: customer.id,
      event: "Order Completed",
      properties: { orderId: order.id, revenue: order.total, currency: "USD", products },
    });
    return order;
  }
}
