import { type Context, ContextCancelation } from "./context.ts";

type PluginType = "before" | "enrichment" | "destination" | "after" | "utility";

/** What a registered plugin does for each event. */
export interface EventPlugin {
  name: string;
  alternativeNames?: string[];
  type: PluginType;
  isLoaded: () => boolean;
  track?: (ctx: Context) => Promise<Context> | Context;
  identify?: (ctx: Context) => Promise<Context> | Context;
  page?: (ctx: Context) => Promise<Context> | Context;
  group?: (ctx: Context) => Promise<Context> | Context;
  alias?: (ctx: Context) => Promise<Context> | Context;
  screen?: (ctx: Context) => Promise<Context> | Context;
}

/** The plugins that are registered, in the order in which an event meets them. */
export class Plugins<Registered extends EventPlugin> {
  #plugins: readonly Registered[] = [];

  get isEmpty(): boolean {
    return this.#plugins.length === 0;
  }

  add(plugin: Registered): void {
    this.#plugins = [...this.#plugins, plugin];
  }

  /** Takes out the plugin of that name. */
  take(name: string): Registered | undefined {
    const found = this.#plugins.find((plugin) => plugin.name === name);
    this.#plugins = this.#plugins.filter((plugin) => plugin !== found);
    return found;
  }

  /** What is to be sent. @throws what a `before` plugin throws, which ends the event */
  async change(ctx: Context): Promise<Context> {
    let changed = ctx;
    for (const plugin of this.#of("before")) changed = (await plugin[changed.event.type]?.(changed)) ?? changed;
    for (const plugin of this.#of("enrichment")) changed = await attempt(plugin, changed);
    return changed;
  }

  /** Sends it elsewhere, where `integrations` does not say otherwise. Never rejects. */
  async send(ctx: Context): Promise<void> {
    const wanted = this.#of("destination").filter((plugin) => isWanted(plugin, ctx.event.integrations));
    await Promise.all(wanted.map((plugin) => attempt(plugin, ctx)));
  }

  /** Never rejects. */
  async follow(ctx: Context): Promise<void> {
    await Promise.all(this.#of("after").map((plugin) => attempt(plugin, ctx)));
  }

  #of(type: PluginType): readonly Registered[] {
    return this.#plugins.filter((plugin) => plugin.type === type && plugin.isLoaded());
  }
}

/** A plugin that fails leaves the event as it was, and a line in its log. */
async function attempt(plugin: EventPlugin, ctx: Context): Promise<Context> {
  try {
    return (await plugin[ctx.event.type]?.(ctx)) ?? ctx;
  } catch (error) {
    ctx.log(error instanceof ContextCancelation ? "warn" : "error", "plugin Error", { plugin: plugin.name, error });
    return ctx;
  }
}

function isWanted(
  { name, alternativeNames = [] }: EventPlugin,
  integrations: Readonly<Record<string, unknown>>,
): boolean {
  const chosen = [name, ...alternativeNames].map((each) => integrations[each]).find((choice) => choice !== undefined);
  return chosen === undefined ? integrations.All !== false : chosen !== false;
}
