import type { Message } from "@pintle/events";
import type { Random } from "@pintle/kit/testing";
import { type Line, linesCents, productFields, products } from "./shop-products.ts";

export interface Visitor {
  readonly userId: string;
  readonly anonymousId: string;
  readonly traits: Readonly<Record<string, unknown>>;
  readonly isMobile: boolean;
  readonly company?: string;
  orders: number;
}

/** The ids of who does something. */
type Who = { readonly anonymousId: string; readonly userId?: string };
type Fields = Readonly<Record<string, unknown>>;

/** One visit: looking around, signing in, filling a cart, and sometimes buying it. */
export function* visitOf(visitor: Visitor, visit: number, random: Random): Generator<Message> {
  const { userId, anonymousId, company, isMobile } = visitor;
  const context = contextOf(visitor, visit);
  const anybody: Who = { anonymousId };
  const customer: Who = { anonymousId, userId };
  const seen = (who: Who, name: string): Message =>
    ({
      type: isMobile ? "screen" : "page",
      ...who,
      name,
      properties: { path: `/${name.toLowerCase()}`, url: `https://shop.example/${name.toLowerCase()}`, title: name },
      context,
    }) as Message;
  const track = (who: Who, event: string, properties: Fields): Message =>
    ({ type: "track", ...who, event, properties, context }) as Message;

  yield seen(anybody, "Home");
  yield* looking(anybody, random, track);
  if (visit === 0) {
    yield { type: "alias", userId, previousId: anonymousId, context } as Message;
    yield { type: "identify", ...customer, traits: visitor.traits, context } as Message;
    if (company !== undefined) {
      yield {
        type: "group",
        ...customer,
        groupId: company,
        traits: { name: `${company} Ltd`, employees: 12 },
        context,
      } as Message;
    }
  }
  const cart = yield* filling(customer, random, track);
  yield seen(customer, "Cart");
  if (random.next() < 0.6)
    yield* buying(visitor, cart, random, (event, properties) => track(customer, event, properties));
}

type Track = (who: Who, event: string, properties: Fields) => Message;

function* looking(who: Who, random: Random, track: Track): Generator<Message> {
  const shown = products.map((product, at) => productFields({ product, quantity: 1 }, at + 1));
  const list = { list_id: "all", category: "Tea", products: shown };
  const promotion = { promotion_id: "spring", creative: "banner", name: "Spring “sale”", position: "home_top" };
  yield track(who, "Promotion Viewed", promotion);
  if (random.next() < 0.5) yield track(who, "Promotion Clicked", promotion);
  yield track(who, "Products Searched", { query: random.pick(["tea", "cup & saucer", "お茶"]) });
  yield track(who, "Product List Viewed", list);
  yield track(who, "Product List Filtered", {
    ...list,
    filters: [{ type: "price", value: "under-$25" }],
    sorts: [{ type: "price", value: "desc" }],
  });
}

function* filling(who: Who, random: Random, track: Track): Generator<Message, Line[]> {
  const cart: Line[] = [];
  for (let count = random.whole(1, 3); count > 0; count--) {
    const line = { product: random.pick(products), quantity: random.whole(1, 3) };
    const fields = { ...productFields(line), currency: "EUR" };
    yield track(who, "Product Clicked", fields);
    yield track(who, "Product Viewed", fields);
    const wish = { wishlist_id: `wishes-${who.userId}`, wishlist_name: "Later", ...fields };
    if (random.next() < 0.3) {
      yield track(who, "Product Added to Wishlist", wish);
      yield random.next() < 0.5
        ? track(who, "Product Removed from Wishlist", wish)
        : track(who, "Wishlist Product Added to Cart", { ...wish, cart_id: `cart-${who.userId}` });
    }
    if (random.next() < 0.2)
      yield track(who, "Product Shared", { ...fields, share_via: "email", share_message: "Look!" });
    if (random.next() < 0.2)
      yield track(who, "Product Reviewed", {
        product_id: line.product.id,
        review_id: "r-1",
        rating: 5,
        review_body: "👍",
      });
    yield track(who, "Product Added", { cart_id: `cart-${who.userId}`, ...fields });
    if (cart.length > 0 && random.next() < 0.2)
      yield track(who, "Product Removed", { cart_id: `cart-${who.userId}`, ...fields });
    else cart.push(line);
  }
  yield track(who, "Cart Viewed", {
    cart_id: `cart-${who.userId}`,
    products: cart.map((line, at) => productFields(line, at + 1)),
  });
  if (random.next() < 0.2)
    yield track(who, "Cart Shared", {
      share_via: "email",
      cart_id: `cart-${who.userId}`,
      products: cart.map((line) => ({ product_id: line.product.id })),
    });
  return cart;
}

function* buying(
  visitor: Visitor,
  cart: readonly Line[],
  random: Random,
  track: (event: string, properties: Fields) => Message,
): Generator<Message> {
  const orderId = `order-${visitor.userId}-${++visitor.orders}`;
  const coupon = {
    order_id: orderId,
    cart_id: `cart-${visitor.userId}`,
    coupon_id: "SPRING",
    coupon_name: "Spring",
    discount: 2.5,
  };
  const [subtotal, shipping, tax] = [linesCents(cart), 490, 310];
  const discount = random.next() < 0.4 && subtotal > 1000 ? 250 : 0;
  const checkout = { checkout_id: `checkout-${orderId}`, step: 1, shipping_method: "post", payment_method: "visa" };
  const order = {
    checkout_id: checkout.checkout_id,
    order_id: orderId,
    affiliation: "Web",
    total: (subtotal + shipping + tax - discount) / 100,
    subtotal: subtotal / 100,
    revenue: (subtotal - discount) / 100,
    shipping: shipping / 100,
    tax: tax / 100,
    discount: discount / 100,
    ...(discount > 0 ? { coupon: "SPRING" } : {}),
    currency: "EUR",
    products: cart.map((line, at) => productFields(line, at + 1)),
  };
  yield track("Checkout Started", { ...order, value: order.revenue });
  yield track("Checkout Step Viewed", checkout);
  yield track("Coupon Entered", coupon);
  if (discount > 0) yield track("Coupon Applied", coupon);
  else yield track("Coupon Denied", { ...coupon, reason: "expired" });
  if (discount === 0 && random.next() < 0.5) yield track("Coupon Removed", coupon);
  yield track("Checkout Step Completed", checkout);
  yield track("Payment Info Entered", { ...checkout, order_id: orderId });
  yield track("Order Completed", order);
  if (random.next() < 0.2) yield track("Order Updated", order);
  if (random.next() < 0.15) yield track("Order Cancelled", order);
  else if (random.next() < 0.25) {
    yield track("Order Refunded", { order_id: orderId, total: order.total, currency: "EUR", products: order.products });
  }
}

function contextOf({ isMobile, traits }: Visitor, visit: number): Fields {
  const campaign = visit === 0 ? { campaign: { source: "news", medium: "mail", name: "spring" } } : {};
  const common = {
    locale: "de-DE",
    timezone: "Europe/Berlin",
    ip: "203.0.113.7",
    traits: visit === 0 ? {} : traits,
    ...campaign,
  };
  if (isMobile) {
    return {
      ...common,
      app: { name: "Shop", version: "2.1.0", build: "210", namespace: "example.shop" },
      device: {
        id: "d-1",
        manufacturer: "Apple",
        model: "iPhone15,2",
        type: "ios",
        advertisingId: "6D92078A-8246-4BA4-AE5B-76104861E7DC",
      },
      os: { name: "iOS", version: "18.1" },
      screen: { width: 390, height: 844, density: 3 },
    };
  }
  return {
    ...common,
    userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
    page: {
      url: "https://shop.example/?utm_source=news&gclid=g-1",
      path: "/",
      title: "Shop",
      referrer: "https://search.example/",
    },
    library: { name: "shop", version: "1" },
  };
}
