import type { DeliveredEvent } from "@pintle/events/gateway";
import { type EventFields, field } from "../field/field.ts";
import { type FieldPath, valueAt } from "./path.ts";

/** The sources from which templates and mappings are filled. */
export interface TemplateScope {
  /** What a path begins at: the event. */
  readonly event: unknown;
  /** What a path that begins with `user` goes on in. */
  readonly user: EventFields;
  /** The time of the attempt, milliseconds since the epoch. */
  readonly now: number;
}

/** Where a value comes from. */
export interface ValueSource {
  readonly from: "event" | "user";
  readonly path: FieldPath;
}

export function scopeOf(event: DeliveredEvent, now: number): TemplateScope {
  return { event, user: field(event), now };
}

/** The value there; `undefined` if there is none, and for `null`. */
export function sourceValue({ from, path }: ValueSource, { event, user }: TemplateScope): unknown {
  return (from === "user" ? userValue(path, user) : valueAt(path, event)) ?? undefined;
}

type UserFieldRead = (fields: EventFields, rest: FieldPath) => unknown;

const within =
  (read: (fields: EventFields) => unknown): UserFieldRead =>
  (fields, rest) =>
    valueAt(rest, read(fields));

/** Readers of fields by the word after `user`: docs/writing-a-destination.md has the table. */
const userFields: Readonly<Record<string, UserFieldRead>> = {
  id: within((fields) => fields.userId),
  anonymousId: within((fields) => fields.anonymousId),
  anyId: within((fields) => fields.anyId),
  traits: within((fields) => fields.traits),
  groupTraits: within((fields) => fields.groupTraits),
  email: within((fields) => fields.email),
  phone: within((fields) => fields.phone),
  firstName: within((fields) => fields.firstName),
  lastName: within((fields) => fields.lastName),
  name: within((fields) => fields.name),
  birthday: within((fields) => fields.birthday),
  gender: within((fields) => fields.gender),
  avatar: within((fields) => fields.avatar),
  title: within((fields) => fields.title),
  website: within((fields) => fields.website),
  createdAt: within((fields) => fields.createdAt),
  company: within((fields) => fields.company),
  address: within((fields) => fields.address),
  time: within((fields) => fields.time),
  ip: within((fields) => fields.ip),
  userAgent: within((fields) => fields.userAgent),
  locale: within((fields) => fields.locale),
  timezone: within((fields) => fields.timezone),
  sessionId: within((fields) => fields.sessionId),
  page: within((fields) => fields.page),
  pageName: within((fields) => fields.pageName()),
  campaign: within((fields) => fields.campaign),
  device: within((fields) => fields.device),
  os: within((fields) => fields.os),
  app: within((fields) => fields.app),
  screen: within((fields) => fields.screen),
  network: within((fields) => fields.network),
  location: within((fields) => fields.location),
  clickId: (fields, [name]) => (typeof name === "string" ? fields.clickId(name) : undefined),
  externalId: (fields, [type]) => (typeof type === "string" ? fields.externalId(type) : undefined),
};

/** What is wrong with a path after `user`, if something is. */
export function userPathProblem([name, ...rest]: FieldPath): string | undefined {
  if (typeof name !== "string" || !Object.hasOwn(userFields, name)) {
    const known = Object.keys(userFields).join(", ");
    return `user has no field ${JSON.stringify(String(name ?? ""))}: there are ${known}`;
  }
  const needsName = name === "clickId" || name === "externalId";
  if (needsName && (rest.length !== 1 || typeof rest[0] !== "string")) {
    return `user.${name} is followed by one name, as in user.${name}.${name === "clickId" ? "gclid" : "crm"}`;
  }
  return undefined;
}

function userValue([name, ...rest]: FieldPath, user: EventFields): unknown {
  return userFields[String(name)]?.(user, rest);
}
