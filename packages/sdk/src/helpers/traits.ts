import { FreeForm } from "./free-form.ts";

/**
 * Traits of a user or a group: a setter for each trait that destinations know by name, and `set`
 * for all others.
 *
 * Names and setters are those of RudderStack's Go SDK (`analytics.NewTraits()`).
 *
 * @example
 * ```ts
 * import { traits } from "@pintle/sdk";
 *
 * client.identify({
 *   userId: "123",
 *   traits: traits()
 *     .setName("Name Surname")
 *     .setFirstName("Name")
 *     .setLastName("Surname")
 *     .setUsername("name")
 *     .setTitle("CTO")
 *     .setEmail("name@example.com")
 *     .setPhone("+43 1 234567")
 *     .setWebsite("https://example.com")
 *     .setAvatar("https://example.com/name.png")
 *     .setDescription("Buys pizza")
 *     .setGender("female")
 *     .setAge(42)
 *     .setBirthday("1984-02-29")
 *     .setCreatedAt(new Date("2026-11-01T10:00:00Z"))
 *     .setAddress({ city: "Vienna", country: "Austria" })
 *     .set("plan", "Free"),
 * });
 * ```
 */
export class TraitsHelper extends FreeForm {
  /**
   * A line of text, or its parts (`street`, `city`, `postalCode`, `state`, `country`), which most
   * destinations prefer.
   */
  setAddress(address: string | Readonly<Record<string, unknown>>): this {
    return this.set("address", address);
  }

  /** The age in years. */
  setAge(age: number): this {
    return this.set("age", age);
  }

  /** URL of a picture. */
  setAvatar(url: string): this {
    return this.set("avatar", url);
  }

  /** A Date, or ISO 8601. */
  setBirthday(date: Date | string): this {
    return this.set("birthday", date);
  }

  /** When the account was opened. */
  setCreatedAt(date: Date | string): this {
    return this.set("createdAt", date);
  }

  /** What is said about the user. */
  setDescription(description: string): this {
    return this.set("description", description);
  }

  /** Address of the user's mailbox. */
  setEmail(email: string): this {
    return this.set("email", email);
  }

  /** Given name. */
  setFirstName(firstName: string): this {
    return this.set("firstName", firstName);
  }

  /** The gender, as the user says. */
  setGender(gender: string): this {
    return this.set("gender", gender);
  }

  /** Family name. */
  setLastName(lastName: string): this {
    return this.set("lastName", lastName);
  }

  /** Whole name. */
  setName(name: string): this {
    return this.set("name", name);
  }

  /** Number with its country's prefix. */
  setPhone(phone: string): this {
    return this.set("phone", phone);
  }

  /** The title, for example the position in a company. */
  setTitle(title: string): this {
    return this.set("title", title);
  }

  /** Name in your program. */
  setUsername(username: string): this {
    return this.set("username", username);
  }

  /** URL of a website. */
  setWebsite(url: string): this {
    return this.set("website", url);
  }
}

/**
 * New, empty traits: `traits().setName("Name Surname").setEmail("name@example.com").set("plan",
 * "Free")`. A plain object does the same.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { type Traits, traits } from "@pintle/sdk";
 *
 * const plain: Traits = { name: "Name Surname", plan: "Free" };
 * assert.deepEqual({ ...traits().setName("Name Surname").set("plan", "Free") }, plain);
 * ```
 */
export function traits(): TraitsHelper {
  return new TraitsHelper();
}
