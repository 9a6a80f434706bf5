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

  setBirthday(date: Date | string): this {
    return this.set("birthday", date);
  }

  /** When the account was opened. */
  setCreatedAt(date: Date | string): this {
    return this.set("createdAt", date);
  }

  setDescription(description: string): this {
    return this.set("description", description);
  }

  setEmail(email: string): this {
    return this.set("email", email);
  }

  setFirstName(firstName: string): this {
    return this.set("firstName", firstName);
  }

  setGender(gender: string): this {
    return this.set("gender", gender);
  }

  setLastName(lastName: string): this {
    return this.set("lastName", lastName);
  }

  setName(name: string): this {
    return this.set("name", name);
  }

  setPhone(phone: string): this {
    return this.set("phone", phone);
  }

  /** For example the position in a company. */
  setTitle(title: string): this {
    return this.set("title", title);
  }

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
