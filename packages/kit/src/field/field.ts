import { type DeliveredEvent, knownType } from "@pintle/events/gateway";
import { type Campaign, campaignOf, clickIdOf, type PageFields, pageOf, queryOf } from "./page.ts";
import { companyOf, emailOf, namesOf, type PostalAddress, phoneOf, streetAddressOf } from "./person.ts";
import { at, type Fields, firstId, firstText, idOf, objectOf, textOf } from "./usable.ts";

/**
 * The fields of an event, wherever clients put them. The first usable value wins: texts are
 * trimmed, blank texts count as absent, numbers are accepted as ids, and values of another kind
 * count as absent. Fields are looked up only when they are read.
 */
export class EventFields {
  readonly #event: DeliveredEvent;
  #traits: Fields | undefined;
  #query: URLSearchParams | undefined;

  constructor(event: DeliveredEvent) {
    this.#event = event;
  }

  /**
   * `userId`; else `userId` or `id` of the traits, except for a group, whose traits are not the
   * person's.
   */
  get userId(): string | undefined {
    const own = this.#type === "group" ? undefined : firstId(objectOf(this.#event.traits), "userId", "id");
    return idOf(this.#event.userId) ?? own ?? firstId(this.#contextTraits, "userId", "id");
  }

  get anonymousId(): string | undefined {
    return idOf(this.#event.anonymousId);
  }

  /** `userId`, else `anonymousId`. */
  get anyId(): string | undefined {
    return this.userId ?? this.anonymousId;
  }

  /**
   * Traits of the person: those of the context, overridden by the event's own for identify and
   * alias.
   */
  get traits(): Fields {
    if (this.#traits === undefined) {
      const isOwn = this.#type === "identify" || this.#type === "alias";
      this.#traits = isOwn ? { ...this.#contextTraits, ...objectOf(this.#event.traits) } : this.#contextTraits;
    }
    return this.#traits;
  }

  /** Traits of the group, for an event of the type group. */
  get groupTraits(): Fields {
    return objectOf(this.#type === "group" ? this.#event.traits : undefined);
  }

  get properties(): Fields {
    return objectOf(this.#event.properties);
  }

  /** The address in the traits, else in the properties, where it has the form of one. */
  get email(): string | undefined {
    return emailOf(this.traits, this.properties);
  }

  /** The phone number as it was written. */
  get phone(): string | undefined {
    return phoneOf(this.traits, this.properties);
  }

  /** The trait, else the first word of `name`. */
  get firstName(): string | undefined {
    return namesOf(this.traits).first;
  }

  /** The trait, else all but the first word of `name`. */
  get lastName(): string | undefined {
    return namesOf(this.traits).last;
  }

  /** The trait, else first and last name. */
  get name(): string | undefined {
    return namesOf(this.traits).whole;
  }

  get birthday(): string | undefined {
    return firstText(this.traits, "birthday");
  }

  get gender(): string | undefined {
    return firstText(this.traits, "gender");
  }

  get avatar(): string | undefined {
    return firstText(this.traits, "avatar");
  }

  get title(): string | undefined {
    return firstText(this.traits, "title");
  }

  get website(): string | undefined {
    return firstText(this.traits, "website");
  }

  /** The time as it was written: text, or a number of seconds or milliseconds as its digits. */
  get createdAt(): string | undefined {
    return firstId(this.traits, "createdAt", "created_at");
  }

  /** The person's company; a text becomes `{ name }`. */
  get company(): Fields | undefined {
    return companyOf(this.traits);
  }

  get address(): PostalAddress {
    return streetAddressOf(this.traits);
  }

  /** When the event happened, in RFC 3339. */
  get time(): string {
    return this.#event.timestamp;
  }

  /** The person's IP address, not that of the customer's own server. */
  get ip(): string | undefined {
    const isServer = this.#event.channel === "server";
    return firstText(this.#context, "ip") ?? (isServer ? undefined : textOf(this.#event.request_ip));
  }

  get userAgent(): string | undefined {
    return firstText(this.#context, "userAgent");
  }

  get locale(): string | undefined {
    return firstText(this.#context, "locale");
  }

  get timezone(): string | undefined {
    return firstText(this.#context, "timezone");
  }

  /** The properties of a page view, else the page of the context. */
  get page(): PageFields {
    return pageOf(this.#type === "page", this.properties, this.#context);
  }

  /** The campaign of the context, else the `utm_` parameters of the page's URL. */
  get campaign(): Campaign {
    return campaignOf(this.#context, this.#pageQuery);
  }

  /** A push token is its `token`. */
  get device(): Fields {
    return objectOf(at(this.#context, "device"));
  }

  get os(): Fields {
    return objectOf(at(this.#context, "os"));
  }

  get app(): Fields {
    return objectOf(at(this.#context, "app"));
  }

  get screen(): Fields {
    return objectOf(at(this.#context, "screen"));
  }

  get network(): Fields {
    return objectOf(at(this.#context, "network"));
  }

  get location(): Fields {
    return objectOf(at(this.#context, "location"));
  }

  get sessionId(): string | undefined {
    return firstId(this.#context, "sessionId");
  }

  /**
   * The id of a click, like `fbclid`, from the properties, the traits of the context, the context,
   * or the page's URL.
   */
  clickId(name: string): string | undefined {
    return clickIdOf(name, { properties: this.properties, context: this.#context, query: this.#pageQuery });
  }

  /** The person's id in another system: the first with this `type` in `context.externalId`. */
  externalId(type: string): string | undefined {
    const all = at(this.#context, "externalId");
    if (!Array.isArray(all)) return undefined;
    return all.map(objectOf).flatMap((each) => (at(each, "type") === type ? (firstId(each, "id") ?? []) : []))[0];
  }

  /**
   * The name of a page or screen.
   *
   * @param withCategory `"Docs Start"` for the page `Start` of the category `Docs`
   */
  pageName(withCategory = false): string | undefined {
    const name = textOf(this.#event.name) ?? firstText(this.properties, "name");
    if (!withCategory) return name;
    const category = textOf(this.#event.category) ?? firstText(this.properties, "category");
    return [category, name].filter((part) => part !== undefined).join(" ") || undefined;
  }

  get #type(): string | undefined {
    return knownType(this.#event.type);
  }

  get #context(): Fields {
    return objectOf(this.#event.context);
  }

  get #contextTraits(): Fields {
    return objectOf(at(this.#context, "traits"));
  }

  get #pageQuery(): URLSearchParams {
    this.#query ??= queryOf(this.page.url);
    return this.#query;
  }
}

/**
 * Finds the fields of an event wherever clients put them; docs/writing-a-destination.md has the
 * table.
 */
export function field(event: DeliveredEvent): EventFields {
  return new EventFields(event);
}
