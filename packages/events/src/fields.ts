/**
 * Any fields, and only some of them known. The compiler takes a literal with further fields, and an
 * interface or a class as well: those have no index signature, and fit one of `any` alone. What can
 * be iterated is no object of fields: a list, a Map.
 */
export interface OpenFields {
  // biome-ignore lint/suspicious/noExplicitAny: `unknown` would refuse interfaces and classes
  readonly [field: string]: any;
  readonly [Symbol.iterator]?: never;
}

/**
 * A moment, as a trait or a property: a Date, an ISO 8601 string, or a number, whose unit the
 * destination knows.
 */
type Moment = Date | string | number;

/** `null` says that there is none, and is sent. */
type Maybe<Value> = Value | null | undefined;

/** The parts of an address. Part of {@link KnownTraits}. */
export interface Address extends OpenFields {
  readonly street?: Maybe<string>;
  readonly city?: Maybe<string>;
  readonly postalCode?: Maybe<string>;
  readonly state?: Maybe<string>;
  readonly country?: Maybe<string>;
}

/** The company of a user. Part of {@link KnownTraits}. */
export interface Company extends OpenFields {
  readonly id?: Maybe<string | number>;
  readonly name?: Maybe<string>;
  readonly industry?: Maybe<string>;
  readonly employee_count?: Maybe<number>;
  readonly plan?: Maybe<string>;
}

/**
 * Traits that destinations know by name; all others are free. Names are those of the specification
 * that the field shares (identify, group), and of RudderStack's Go SDK.
 *
 * @example
 * ```ts
 * import type { KnownTraits } from "@pintle/sdk";
 *
 * const traits: KnownTraits = { name: "Name Surname", email: "name@example.com", plan: "Free", seats: 5 };
 * client.identify({ userId: "123", traits });
 * ```
 */
export interface KnownTraits extends OpenFields {
  /** A line of text, or its parts. */
  readonly address?: Maybe<string | Address>;
  /** Years. */
  readonly age?: Maybe<number>;
  /** URL of a picture. */
  readonly avatar?: Maybe<string>;
  readonly birthday?: Maybe<Moment>;
  readonly company?: Maybe<string | Company>;
  /** When the account was opened. */
  readonly createdAt?: Maybe<Moment>;
  readonly description?: Maybe<string>;
  readonly email?: Maybe<string>;
  /** Number of people who work in the group. */
  readonly employees?: Maybe<number | string>;
  readonly firstName?: Maybe<string>;
  readonly gender?: Maybe<string>;
  readonly id?: Maybe<string | number>;
  /** Industry of a group. */
  readonly industry?: Maybe<string>;
  readonly lastName?: Maybe<string>;
  readonly name?: Maybe<string>;
  /** Number with the prefix of its country. */
  readonly phone?: Maybe<string | number>;
  readonly plan?: Maybe<string>;
  readonly title?: Maybe<string>;
  readonly username?: Maybe<string>;
  readonly website?: Maybe<string>;
}

/**
 * Properties that destinations know by name; all others are free. Names are those of the
 * specification that the field shares (track, page, screen, e-commerce), and of RudderStack's Go
 * SDK.
 *
 * @example
 * ```ts
 * import type { KnownProperties } from "@pintle/sdk";
 *
 * const properties: KnownProperties = { revenue: 25.5, currency: "EUR", gift: true };
 * client.track({ userId: "123", event: "Order Completed", properties });
 * ```
 */
export interface KnownProperties extends OpenFields {
  readonly category?: Maybe<string>;
  readonly coupon?: Maybe<string>;
  /** ISO 4217, for example `"EUR"`. */
  readonly currency?: Maybe<string>;
  readonly discount?: Maybe<number>;
  readonly name?: Maybe<string>;
  readonly path?: Maybe<string>;
  /** Price of one piece, in `currency`. */
  readonly price?: Maybe<number>;
  readonly products?: Maybe<readonly object[]>;
  readonly quantity?: Maybe<number>;
  /** URL of the page before. */
  readonly referrer?: Maybe<string>;
  /** What was earned, in `currency`. */
  readonly revenue?: Maybe<number>;
  readonly search?: Maybe<string>;
  readonly shipping?: Maybe<number>;
  readonly sku?: Maybe<string>;
  readonly subtotal?: Maybe<number>;
  readonly tax?: Maybe<number>;
  readonly title?: Maybe<string>;
  readonly total?: Maybe<number>;
  readonly url?: Maybe<string>;
  /** What the event is worth where that is no revenue. */
  readonly value?: Maybe<number>;
}
