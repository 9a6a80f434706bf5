export type { TransformRequest } from "@pintle/kit";
export {
  type DestinationConfig,
  defineConfig,
  type PintleConfig,
  type SelectionConfig,
  type SourceConfig,
} from "./config/define-config.ts";
export { type EnvReference, env } from "./config/env.ts";
export type {
  Transform,
  TransformContext,
  TransformEvent,
  TransformResult,
} from "./model/transform.ts";
