import type { Integrations } from "@pintle/events";
import { FreeForm } from "./free-form.ts";

/** Options of one destination, instead of `true`. See {@link integrations}. */
export type IntegrationOptions = Readonly<Record<string, unknown>>;

class IntegrationsSetters extends FreeForm {
  /** Sends to every destination but those disabled by name. That is the default, too. */
  enableAll(): this {
    return this.enable("All");
  }

  /** Sends to no destination but those enabled by name. */
  disableAll(): this {
    return this.disable("All");
  }

  /** @param name - as the destination is called in the data plane; case matters. */
  enable(name: string): this {
    return this.set(name, true);
  }

  /** @param name - as the destination is called in the data plane; case matters. */
  disable(name: string): this {
    return this.set(name, false);
  }

  /** `false` disables the destination; `true` and options for it enable it. */
  override set(name: string, value: boolean | IntegrationOptions): this {
    return super.set(name, value);
  }
}

/** The destinations that a message goes to. See {@link integrations}. */
export type IntegrationsHelper = Integrations & IntegrationsSetters;

/**
 * New, empty integrations: `integrations().enableAll().disable("Salesforce")`. A plain object does
 * the same.
 *
 * The default for all destinations is written as `All`, which is what data planes read. (The Go SDK
 * writes `all`, which to RudderStack is a destination of that name.)
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { type Integrations, integrations } from "@pintle/sdk";
 *
 * const chosen: Integrations = integrations().disableAll().enable("Warehouse").set("Mail", { list: "news" });
 * assert.deepEqual({ ...chosen }, { All: false, Warehouse: true, Mail: { list: "news" } });
 *
 * client.track({ userId: "123", event: "Paid", integrations: integrations().enableAll().disable("Salesforce") });
 * ```
 */
export function integrations(): IntegrationsHelper {
  // The methods are no integrations, which the index signature of `Integrations` cannot express.
  return new IntegrationsSetters() as unknown as IntegrationsHelper;
}
