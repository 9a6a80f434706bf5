import type { Context } from "@pintle/events";
import { builtin } from "../environment/builtin.ts";
import { mergeContext } from "../merge-context.ts";

/** The part of `AsyncLocalStorage` that is used. */
export interface ScopeStorage {
  run<Result>(frame: Frame | undefined, fn: () => Result): Result;
  getStore(): Frame | undefined;
}

/** What one client's `withContext` has put under every message of the calls that it encloses. */
interface Frame {
  readonly owner: RequestScope;
  /** As the caller gave it: an adapter may enter the same scope twice. */
  readonly given: Context;
  /** Over the default context and every enclosing scope of this client. */
  readonly context: Context;
  /** Of other clients: no client has two frames in a chain, so a chain does not grow with the depth of the calls. */
  readonly outer: Frame | undefined;
}

/**
 * The context of one client that holds for a request: `run` enters it, and every call that the enclosed function leads to,
 * synchronously or later, finds it. Two requests at a time do not see each other's.
 *
 * One storage serves all clients, made when the first scope is entered: until then a message costs nothing more.
 */
export class RequestScope {
  readonly #defaults: Context | undefined;
  readonly #makeStorage: () => ScopeStorage;
  #storage: ScopeStorage | undefined;

  constructor(defaults: Context | undefined, makeStorage: () => ScopeStorage = sharedStorage) {
    this.#defaults = defaults;
    this.#makeStorage = makeStorage;
  }

  /** What lies under the context of a message that is offered now. */
  get context(): Context | undefined {
    return this.#storage === undefined ? this.#defaults : (this.#frame()?.context ?? this.#defaults);
  }

  /** Whether the scope lasts beyond the first `await` of the enclosed function. */
  get isAsynchronous(): boolean {
    return !(this.#storage instanceof SynchronousStorage);
  }

  /**
   * Runs `fn` with `given` under its messages. The context is taken as it is now.
   *
   * @throws what `fn` throws, and `ContextError` before it is called
   */
  run<Result>(given: Context, fn: () => Result): Result {
    this.#storage ??= this.#makeStorage();
    const current = this.#frame();
    if (current !== undefined && current.given === given) return fn();
    const own = snapshot(given);
    const under = current?.context ?? this.#defaults;
    const context = under === undefined ? own : mergeContext(under, own);
    const frame = { owner: this, given, context, outer: without(this, this.#storage.getStore()) };
    return this.#storage.run(frame, fn);
  }

  /**
   * Runs `fn` in no scope of any client: what the client does by itself goes on in the scope of whichever request set it off, and is about many. A
   * listener that sends a message would send it with the context of a stranger.
   */
  outside<Result>(fn: () => Result): Result {
    const storage = this.#storage ?? shared;
    return storage === undefined ? fn() : storage.run(undefined, fn);
  }

  #frame(): Frame | undefined {
    let frame = this.#storage?.getStore();
    while (frame !== undefined && frame.owner !== this) frame = frame.outer;
    return frame;
  }
}

/** A context that JSON cannot carry. */
export class ContextError extends Error {
  override readonly name = "ContextError";
}

/** The chain without the frame of `owner`. */
function without(owner: RequestScope, frame: Frame | undefined): Frame | undefined {
  if (frame === undefined || frame.owner === owner) return frame?.outer;
  const outer = without(owner, frame.outer);
  return outer === frame.outer ? frame : { ...frame, outer };
}

function snapshot(given: unknown): Context {
  let copy: unknown;
  try {
    copy = JSON.parse(JSON.stringify(given));
  } catch (cause) {
    throw new ContextError("the context given to withContext is nothing that JSON can carry", { cause });
  }
  if (typeof copy === "object" && copy !== null && !Array.isArray(copy)) return copy as Context;
  throw new ContextError("the context given to withContext is no object");
}

let shared: ScopeStorage | undefined;

function sharedStorage(): ScopeStorage {
  shared ??= createStorage();
  return shared;
}

function createStorage(): ScopeStorage {
  // Some edge runtimes have the class, but not the module.
  const found = (globalThis as { AsyncLocalStorage?: new () => ScopeStorage }).AsyncLocalStorage;
  const Storage = found ?? builtin("node:async_hooks")?.AsyncLocalStorage;
  return Storage === undefined ? new SynchronousStorage() : (new Storage() as ScopeStorage);
}

/** Where a runtime has nothing better: the scope ends with the synchronous part of the function. */
export class SynchronousStorage implements ScopeStorage {
  #current: Frame | undefined;

  run<Result>(frame: Frame | undefined, fn: () => Result): Result {
    const outer = this.#current;
    this.#current = frame;
    try {
      return fn();
    } finally {
      this.#current = outer;
    }
  }

  getStore(): Frame | undefined {
    return this.#current;
  }
}
