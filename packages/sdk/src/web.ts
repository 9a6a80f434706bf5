import type { Config } from "./config.ts";
import { webEnvironment } from "./environment/web.ts";
import { PintleClient } from "./pintle.ts";
import type { AnyPlan, TrackingPlan } from "./plan/plan.ts";

export * from "./exports.ts";

/** See {@link PintleClient}. */
export class Pintle<Plan extends TrackingPlan<Plan> = AnyPlan> extends PintleClient<Plan> {
  constructor(writeKey: string, dataPlaneUrl: string, config?: Config<Plan>) {
    super(writeKey, dataPlaneUrl, config, webEnvironment);
  }
}
