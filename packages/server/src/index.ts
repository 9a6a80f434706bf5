export { type DestinationConfig, defineConfig, type PintleConfig, type SourceConfig } from "./config/define-config.ts";
export { type EnvReference, env } from "./config/env.ts";
