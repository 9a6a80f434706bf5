import type { Context } from "@pintle/events";
import { builtin } from "../builtin.ts";
import { type ContextError, HeldScope, type Scope } from "./scope.ts";

/** The part of `AsyncLocalStorage` that is used. */
export interface ScopeStorage {
  run<Result>(frame: ScopeFrame | undefined, fn: () => Result): Result;
  getStore(): ScopeFrame | undefined;
}

/** What one client's `withScope` has put under every message of the calls that it encloses. */
interface ScopeFrame {
  readonly owner: RequestScope;
  /** The scope as the caller gave it: an adapter may enter the same scope twice. */
  readonly given: Scope;
  /** The scope laid over the default context and every enclosing scope of this client. */
  readonly scope: HeldScope;
  /**
   * The frames of other clients: no client has two in a chain, so a chain does not grow with the
   * depth of the calls.
   */
  readonly outer: ScopeFrame | undefined;
}

/**
 * What holds for the messages of one client during a request: `run` enters it, and every call that
 * the enclosed function leads to, synchronously or later, finds it. Two requests at a time do not
 * see each other's.
 *
 * One storage serves all clients, made when the first scope is entered: until then a message costs
 * nothing more.
 */
export class RequestScope {
  readonly #defaults: HeldScope;
  readonly #makeStorage: () => ScopeStorage;
  #storage: ScopeStorage | undefined;

  constructor(defaultContext: Context | undefined, makeStorage: () => ScopeStorage = sharedStorage) {
    this.#defaults = new HeldScope({ context: defaultContext });
    this.#makeStorage = makeStorage;
  }

  /** What holds for a message that is offered now. */
  get current(): HeldScope {
    return this.#storage === undefined ? this.#defaults : (this.#frame()?.scope ?? this.#defaults);
  }

  /** Whether the scope lasts beyond the first `await` of the enclosed function. */
  get isAsynchronous(): boolean {
    return !(this.#storage instanceof SynchronousStorage);
  }

  /**
   * Runs `fn` with `given` under its messages, as it is now. `fn` is given what enters the scope
   * once more, for calls that come from elsewhere.
   *
   * @param wrong is told of each part that JSON cannot carry, and that is left out
   * @throws what `fn` throws, and nothing else
   */
  run<Result>(
    given: Scope,
    wrong: (error: ContextError) => void,
    fn: (again: <Inner>(call: () => Inner) => Inner) => Result,
  ): Result {
    this.#storage ??= this.#makeStorage();
    const storage = this.#storage;
    const current = this.#frame();
    const frame =
      current !== undefined && current.given === given
        ? current
        : {
            owner: this,
            given,
            scope: (current?.scope ?? this.#defaults).within(given, wrong),
            outer: without(this, storage.getStore()),
          };
    return storage.run(frame, () => fn((call) => storage.run(frame, call)));
  }

  /**
   * Runs `fn` in no scope of any client: what the client does by itself goes on in the scope of
   * whichever request set it off, and is about many. A listener that sends a message would send it
   * with the context of a stranger.
   */
  outside<Result>(fn: () => Result): Result {
    const storage = this.#storage ?? shared;
    return storage === undefined ? fn() : storage.run(undefined, fn);
  }

  #frame(): ScopeFrame | undefined {
    let frame = this.#storage?.getStore();
    while (frame !== undefined && frame.owner !== this) frame = frame.outer;
    return frame;
  }
}

/** The chain without the frame of `owner`. */
function without(owner: RequestScope, frame: ScopeFrame | undefined): ScopeFrame | undefined {
  if (frame === undefined || frame.owner === owner) return frame?.outer;
  const outer = without(owner, frame.outer);
  return outer === frame.outer ? frame : { ...frame, outer };
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
  #current: ScopeFrame | undefined;

  run<Result>(frame: ScopeFrame | undefined, fn: () => Result): Result {
    const outer = this.#current;
    this.#current = frame;
    try {
      return fn();
    } finally {
      this.#current = outer;
    }
  }

  getStore(): ScopeFrame | undefined {
    return this.#current;
  }
}
