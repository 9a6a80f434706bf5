import { catalog, type Product } from "./catalog.ts";
import type { Customer, Shop } from "./shop.ts";

const firstNames = ["Ada", "Bruno", "Chiara", "Devi", "Emre", "Fatou", "Grace", "Hiro", "Ines", "Jonas"];
const lastNames = ["Adler", "Baptiste", "Costa", "Dahl", "Eriksen", "Fontaine", "Garcia", "Haddad"];

/**
 * One visit of a customer, step by step: signing up the first time, looking around, and often
 * buying something.
 */
export function* visit(shop: Shop, customer: Customer, isNew: boolean, random: () => number): Generator<void> {
  if (isNew) {
    shop.signUp(customer, random() < 0.3 ? "club" : "free");
    yield;
  }
  const looks = 1 + Math.floor(random() * 4);
  for (let look = 0; look < looks; look++) {
    const product = pick(catalog, random);
    shop.view(customer, product);
    yield;
    if (random() < 0.4) {
      shop.addToCart(customer, product);
      yield;
    }
  }
  shop.checkOut(customer);
}

export function customerNumber(number: number): Customer {
  const first = firstNames[number % firstNames.length]!;
  const last = lastNames[Math.floor(number / firstNames.length) % lastNames.length]!;
  return {
    id: `customer-${number}`,
    name: `${first} ${last}`,
    email: `${first}.${last}.${number}@shop.example`.toLowerCase(),
  };
}

function pick(products: readonly Product[], random: () => number): Product {
  return products[Math.floor(random() * products.length)]!;
}
