/**
 * A client for programs that were written for `@rudderstack/rudder-sdk-node` 3.
 *
 * @module @pintle/sdk/rudder-sdk-node
 */
import { Analytics } from "./analytics.ts";

export type { AxiosConfig, AxiosLike } from "./axios.ts";
export type { constructorOptions } from "./options.ts";
export type {
  AliasParams,
  apiCallback,
  apiObject,
  FlushCallback,
  GroupParams,
  IdentifyParams,
  integrationOptions,
  PageParams,
  ScreenParams,
  SentBatch,
  TrackParams,
} from "./types.ts";

export default Analytics;
/** What `require()` gives: the class itself, as the official SDK does. */
export { Analytics, Analytics as "module.exports" };
