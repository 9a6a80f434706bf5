import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Context, Integrations, KnownContext, Properties, Traits } from "@pintle/events";
import fc from "fast-check";
import { integrations } from "./integrations.ts";
import { properties } from "./properties.ts";
import { traits } from "./traits.ts";

/** What arrives: the encoding is the contract, whatever the object is in memory. */
function encoded(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

describe("fluent helpers", () => {
  test("traits: every setter of the Go SDK, under its name on the wire", () => {
    const day = new Date("2001-02-03T04:05:06.789Z");
    const all = traits()
      .setAddress("Mill Lane 3")
      .setAge(0)
      .setAvatar("https://example.com/a.png")
      .setBirthday(day)
      .setCreatedAt("2020-01-01T00:00:00Z")
      .setDescription("d")
      .setEmail("name@example.com")
      .setFirstName("Name")
      .setGender("f")
      .setLastName("Surname")
      .setName("Name Surname")
      .setPhone("1")
      .setTitle("Dr")
      .setUsername("n")
      .setWebsite("https://example.com")
      .set("manager", 12);
    assert.deepEqual(encoded(all), {
      address: "Mill Lane 3",
      age: 0,
      avatar: "https://example.com/a.png",
      birthday: "2001-02-03T04:05:06.789Z",
      createdAt: "2020-01-01T00:00:00Z",
      description: "d",
      email: "name@example.com",
      firstName: "Name",
      gender: "f",
      lastName: "Surname",
      name: "Name Surname",
      phone: "1",
      title: "Dr",
      username: "n",
      website: "https://example.com",
      manager: 12,
    });
  });

  test("properties: every setter of the Go SDK, under its name on the wire", () => {
    const all = properties()
      .setRevenue(0)
      .setCurrency("EUR")
      .setValue(-1)
      .setPath("/p")
      .setReferrer("https://example.com/before")
      .setTitle("t")
      .setURL("https://dominos.com")
      .setName("n")
      .setCategory("c")
      .setSKU("S-1")
      .setPrice(9.5)
      .setProductId("p1")
      .setOrderId(7)
      .setTotal(10)
      .setSubtotal(8)
      .setShipping(1)
      .setTax(0)
      .setDiscount(0)
      .setCoupon("")
      .setProducts({ id: 1, sku: "S-1", name: "Pizza", price: 0 }, { sku: "S-2", quantity: 2 })
      .setRepeat(false)
      .set("plan", "Free");
    assert.deepEqual(encoded(all), {
      revenue: 0,
      currency: "EUR",
      value: -1,
      path: "/p",
      referrer: "https://example.com/before",
      title: "t",
      url: "https://dominos.com",
      name: "n",
      category: "c",
      sku: "S-1",
      price: 9.5,
      id: "p1",
      orderId: 7,
      total: 10,
      subtotal: 8,
      shipping: 1,
      tax: 0,
      discount: 0,
      coupon: "",
      products: [
        { id: 1, sku: "S-1", name: "Pizza", price: 0 },
        { sku: "S-2", quantity: 2 },
      ],
      repeat: false,
      plan: "Free",
    });
  });

  test("integrations: the default is All, as data planes read it", () => {
    assert.deepEqual(encoded(integrations().enableAll().disable("Salesforce")), { All: true, Salesforce: false });
    assert.deepEqual(encoded(integrations().disableAll().enable("Slack").set("Hook", { channel: "a" })), {
      All: false,
      Slack: true,
      Hook: { channel: "a" },
    });
  });

  test("any names and values come out as from a plain object, and the chain holds", () => {
    const awkward = fc.constantFrom("set", "toJSON", "setName", "__proto__", "constructor", "hasOwnProperty", "0", "");
    const field = fc.tuple(fc.oneof(awkward, fc.string()), fc.jsonValue());
    fc.assert(
      fc.property(fc.array(field), (fields) => {
        const helper = fields.reduce((chain, [name, value]) => chain.set(name, value), traits());
        // A Map keeps the last value of a name, and fromEntries has no trouble with `__proto__`.
        assert.deepEqual(encoded(helper), encoded(Object.fromEntries(new Map(fields))));
      }),
    );
  });

  test("a helper is a plain object to whoever looks at it", () => {
    assert.deepEqual({ ...traits().setName("n").set("plan", "Free") }, { name: "n", plan: "Free" });
    assert.deepEqual(Object.keys(integrations().enable("Slack")), ["Slack"]);
  });

  test("helpers and context types fit where plain objects do", () => {
    const fits: readonly [Traits, Properties, Integrations] = [traits(), properties(), integrations()];
    assert.equal(fits.length, 3);
    const known: KnownContext = { location: { latitude: 0, longitude: 0 }, direct: false, tenant: "acme" };
    const context: Context = known;
    assert.deepEqual(encoded(context), { location: { latitude: 0, longitude: 0 }, direct: false, tenant: "acme" });
  });
});
