// Made by `npm run build` of the folders beside this file. Nothing is loaded before it is needed.

export const typeLoaders = {
  file: async () => (await import("./file/file.ts")).file,
  http: async () => (await import("./http/http.ts")).http,
  postgres: async () => (await import("./postgres/postgres.ts")).postgres,
  relay: async () => (await import("./relay/relay.ts")).relay,
  webhook: async () => (await import("./webhook/webhook.ts")).webhook,
};

/** Translators from RudderStack's configuration, by the type that they make. */
export const translatorLoaders = {
  http: async () => (await import("./http/rudderstack.ts")).translator,
  postgres: async () => (await import("./postgres/rudderstack.ts")).translator,
  webhook: async () => (await import("./webhook/rudderstack.ts")).translator,
};
