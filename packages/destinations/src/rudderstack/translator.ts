import type { RudderStackSettings, WorkspaceObject } from "./settings.ts";

/** How a destination of RudderStack becomes one of a type of Pintle. */
export interface Translator {
  /** The name of its definition there: `destinationDefinition.name`. */
  readonly definition: string;
  /**
   * The settings of the type. Pure. What is not asked for is listed as left out.
   *
   * @param omit says what cannot be carried over: "its SSH tunnel"
   * @returns `undefined` where nothing of it can be carried over
   */
  translate(settings: RudderStackSettings, omit: (what: string) => void): WorkspaceObject | undefined;
}
