import { type RudderStackSettings, text, type WorkspaceObject } from "@pintle/destinations/rudderstack";
import { knownTypes } from "@pintle/events/gateway";

/** Event filtering there concerns tracks alone: all other types pass. */
export function eventsOf(settings: RudderStackSettings): WorkspaceObject {
  const option = settings.choice("eventFilteringOption", ["disable", "whitelistedEvents", "blacklistedEvents"]);
  const namesOf = (key: string) =>
    settings
      .list(key, ["eventName"])
      .map(({ eventName }) => text(eventName).trim())
      .filter(Boolean);
  const allowed = namesOf("whitelistedEvents");
  const denied = namesOf("blacklistedEvents");
  if (option === "whitelistedEvents" && allowed.length > 0) {
    return { only: { types: knownTypes.filter((type) => type !== "track"), events: allowed } };
  }
  return option === "blacklistedEvents" && denied.length > 0 ? { except: { events: denied } } : {};
}

/**
 * One consent manager can be carried over: which one wrote an event's consents, Pintle does not
 * ask.
 */
export function consentOf(settings: RudderStackSettings, omit: (what: string) => void): WorkspaceObject {
  const found: { ids: string[]; strategy: "and" | "or" }[] = [];
  const add = (ids: string[], strategy: "and" | "or") => {
    const given = ids.map((id) => id.trim()).filter(Boolean);
    if (given.length > 0) found.push({ ids: given, strategy });
  };
  for (const each of settings.lists("consentManagement", ["provider", "resolutionStrategy"], ["consents"])) {
    const { resolutionStrategy, provider } = each;
    const strategy =
      resolutionStrategy === "or" || (resolutionStrategy !== "and" && provider === "ketch") ? "or" : "and";
    add(settings.textsIn(each, "consents", "consent"), strategy);
  }
  const textsOf = (key: string, inner: string) => settings.list(key, [inner]).map((each) => text(each[inner]));
  const oneTrust = textsOf("oneTrustCookieCategories", "oneTrustCookieCategory");
  const ketch = textsOf("ketchConsentPurposes", "purpose");
  if (found.length === 0) {
    add(oneTrust, "and");
    add(ketch, "or");
  }
  const different = new Map(found.map((consent) => [JSON.stringify(consent), consent]));
  if (different.size > 1) {
    omit(
      "its consents: they differ by consent manager or kind of source; it is not enabled until you write one `consent`",
    );
    return { enabled: false };
  }
  const [consent] = different.values();
  if (consent === undefined) return {};
  return { consent: consent.strategy === "and" ? { ids: consent.ids } : consent };
}
