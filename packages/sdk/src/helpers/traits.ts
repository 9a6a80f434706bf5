import { FreeForm } from "./free-form.ts";

/**
 * Traits of a user or a group: a setter for each trait that destinations know by name, and `set` for all others.
 *
 * Names and setters are those of RudderStack's Go SDK (`analytics.NewTraits()`).
 */
export class TraitsHelper extends FreeForm {
  /** A line of text, or its parts (`street`, `city`, `postalCode`, `state`, `country`), which most destinations prefer. */
  setAddress(address: string | Readonly<Record<string, unknown>>): this {
    return this.set("address", address);
  }

  /** In years. */
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

  /** As the user says. */
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

  /** For example the position in a company. */
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
 * New, empty traits: `traits().setName("Name Surname").setEmail("name@example.com").set("plan", "Free")`.
 * A plain object does the same.
 */
export function traits(): TraitsHelper {
  return new TraitsHelper();
}
