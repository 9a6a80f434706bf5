import { noKeyInHeader, unknownKey } from "./answer.ts";
import type { RequestContext } from "./request-context.ts";
import { type KnownSource, type Sources, writeKeyOf } from "./sources.ts";
import type { StorageGate } from "./storage-gate.ts";

/** The endpoints that take no events. */
export class Information {
  readonly #sources: Sources;
  readonly #version: string;
  readonly #stopping: () => boolean;
  readonly #updatedAt: () => number;
  readonly #storage: Pick<StorageGate, "state">;
  readonly #router: () => string | undefined;

  constructor(options: {
    readonly sources: Sources;
    readonly version: string;
    readonly stopping: () => boolean;
    /** When the sources were last changed, milliseconds. */
    readonly updatedAt: () => number;
    readonly storage: Pick<StorageGate, "state">;
    /** What to say of the router where it does not run. */
    readonly router: () => string | undefined;
  }) {
    this.#sources = options.sources;
    this.#version = options.version;
    this.#stopping = options.stopping;
    this.#updatedAt = options.updatedAt;
    this.#storage = options.storage;
    this.#router = options.router;
  }

  /**
   * Answers load balancers: unhealthy as soon as it is stopping, though requests are served to the
   * end, and while it could store nothing. Without the router it takes events all the same.
   */
  health(context: RequestContext): void {
    const { state } = this.#storage;
    const router = this.#router();
    const more = router === undefined ? {} : { router };
    if (this.#stopping()) context.json(503, { status: "stopping", ...more });
    else if (state !== "open") context.json(503, { status: state, ...more });
    else context.json(200, { status: "ready", ...more });
  }

  version(context: RequestContext): void {
    context.json(200, { name: "pintle", version: this.#version });
  }

  /** SDKs that spread users over the nodes of a data plane ask how many there are. */
  clusterInfo(context: RequestContext): void {
    const key = writeKeyOf(context.headers.authorization);
    if (key === undefined) context.refuse(noKeyInHeader);
    else if (this.#sources.find(key) === undefined) context.refuse(unknownKey);
    else context.json(200, { nodeCount: 1 });
  }

  /**
   * What the browser and mobile SDKs ask for first, in the form of RudderStack's control plane. No
   * destination is listed, because none is served by code in the browser: all events go to this
   * data plane.
   */
  sourceConfig(context: RequestContext): void {
    const key = writeKeyOf(context.headers.authorization);
    const source = key === undefined ? undefined : this.#sources.find(key);
    if (key === undefined) context.json(401, { message: "Writekey not found in basic auth" });
    else if (source === undefined) context.json(401, { message: "Invalid write key" });
    else context.json(200, this.#configOf(source, key));
  }

  #configOf({ id, name, enabled }: KnownSource, writeKey: string): object {
    const updatedAt = new Date(this.#updatedAt()).toISOString();
    return {
      // The key is the one that the client has sent: none is kept in memory.
      source: {
        id,
        name,
        writeKey,
        enabled,
        config: {},
        workspaceId: "pintle",
        dataplanes: {},
        destinations: [],
        updatedAt,
      },
      updatedAt,
    };
  }
}
