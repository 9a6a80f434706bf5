import type { File, FileSystem, OpenMode } from "../file-system.ts";

export type OperationKind =
  | "open"
  | "list"
  | "makeDirectory"
  | "remove"
  | "syncDirectory"
  | "space"
  | "read"
  | "write"
  | "sync"
  | "size"
  | "truncate"
  | "close";

export interface Operation {
  readonly kind: OperationKind;
  readonly path: string;
}

/**
 * What a test may do about an operation before it happens: let it be, delay it (a promise), or make
 * it fail (throw).
 */
export type Interference = (operation: Operation) => void | Promise<void>;

export interface FakeFileSystemOptions {
  /**
   * Bytes of the disk; a write beyond stores what fits and fails with ENOSPC. Default: no bound.
   */
  readonly capacity?: number;
  /** Called before each operation. Can be replaced at any time: `interference`. */
  readonly interference?: Interference;
}

/**
 * The unit in which a write that was not synced survives a crash, or does not. Also torn in the
 * middle, at any byte.
 */
const sectorBytes = 512;

/** Numbers from 0 (inclusive) to 1 (exclusive), as `Math.random`. A test gives a seeded one. */
export type RandomNumber = () => number;

interface UnsyncedWrite {
  readonly position: number;
  readonly bytes: Uint8Array;
}

interface PendingTruncate {
  readonly size: number;
}

type Pending = UnsyncedWrite | PendingTruncate;

/** A file's content, apart from its names. */
class Inode {
  /** What every reader sees. */
  content: Uint8Array = new Uint8Array(0);
  size = 0;
  /** What is on the platter. */
  durable: Uint8Array = new Uint8Array(0);
  /** The operations since then, in order. */
  pending: Pending[] = [];
  /**
   * What came upon the platter after that, oldest first, since a sync failed: the page cache holds
   * what it was to write for clean, so no later sync writes it, and whether it is there nobody
   * knows; what was synced later lies above it for certain.
   */
  layers: { readonly changes: readonly Pending[]; readonly certain: boolean }[] = [];

  apply(change: Pending): void {
    if ("size" in change) {
      this.#resize(change.size);
      return;
    }
    this.#resize(Math.max(this.size, change.position + change.bytes.byteLength));
    this.content.set(change.bytes, change.position);
  }

  #resize(size: number): void {
    if (size > this.content.byteLength) {
      const larger = new Uint8Array(Math.max(size, 2 * this.content.byteLength));
      larger.set(this.content.subarray(0, this.size));
      this.content = larger;
    }
    if (size < this.size) this.content.fill(0, size, this.size);
    this.size = size;
  }
}

/** An error as the operating system gives it. */
export function systemError(code: string, operation: string): Error {
  return Object.assign(new Error(`${code}: ${operation}`), { code });
}

/**
 * A file system in memory that is as unkind as a real one may be: a crash loses what was not
 * synced, in any part and any order of sectors; names that were not synced are lost; a failed sync
 * makes the data look clean and lose it later; the disk fills up; bits flip.
 */
export class FakeFileSystem implements FileSystem {
  interference: Interference;
  capacity: number;
  /** Every operation since the beginning, in the order in which they began. */
  readonly operations: Operation[] = [];
  #names = new Map<string, Inode>();
  #directories = new Set<string>();
  /** Names after the last sync of their folder. */
  #durableNames = new Map<string, Inode>();
  /** Changes with each crash; what an operation of an earlier life still has to do is not done. */
  #life = 0;

  constructor(options: FakeFileSystemOptions = {}) {
    this.interference = options.interference ?? (() => {});
    this.capacity = options.capacity ?? Number.POSITIVE_INFINITY;
  }

  /**
   * The power fails. What was not synced survives in part, as `random` decides; without it nothing
   * of it does. Operations that are under way never settle, as in a process that is gone; files
   * that are open are useless.
   */
  crash(random?: RandomNumber): void {
    this.#life++;
    for (const inode of new Set([...this.#names.values(), ...this.#durableNames.values()])) crashFile(inode, random);
    // Changes of names reach the disk in order, as a journal keeps them; here all of a folder or
    // none.
    if (random === undefined || random() < 0.5) this.#names = new Map(this.#durableNames);
    else this.#durableNames = new Map(this.#names);
  }

  /**
   * The process ends, the machine goes on: everything written stays, and operations that are under
   * way never settle.
   */
  kill(): void {
    this.#life++;
  }

  /** Changes one bit of a file, on disk and in memory. */
  flipBit(path: string, position: number, bit: number): void {
    const inode = this.#inode(path);
    inode.content[position]! ^= 1 << bit;
    if (position < inode.durable.byteLength) inode.durable[position]! ^= 1 << bit;
  }

  /** What a reader sees in a file. */
  contentOf(path: string): Uint8Array {
    const inode = this.#inode(path);
    return inode.content.slice(0, inode.size);
  }

  /** Replaces a file, durably. */
  put(path: string, content: Uint8Array): void {
    const inode = new Inode();
    inode.apply({ position: 0, bytes: content });
    inode.durable = content.slice();
    this.#names.set(path, inode);
    this.#durableNames.set(path, inode);
  }

  /** The paths of all files. */
  get paths(): string[] {
    return [...this.#names.keys()].sort();
  }

  /** Bytes of all files, counting those that nobody has a name for no more. */
  get used(): number {
    return [...this.#names.values()].reduce((sum, inode) => sum + inode.size, 0);
  }

  /**
   * The file system as one process sees it: after a crash or a kill nothing that this process still
   * asks for is done. The fake itself serves whoever asks.
   */
  process(): FileSystem {
    const life = this.#life;
    const alive = <T>(action: () => Promise<T>): Promise<T> =>
      life === this.#life ? action() : new Promise<never>(() => {});
    return {
      open: (path, mode) => alive(() => this.open(path, mode)),
      list: (directory) => alive(() => this.list(directory)),
      makeDirectory: (directory) => alive(() => this.makeDirectory(directory)),
      remove: (path) => alive(() => this.remove(path)),
      syncDirectory: (directory) => alive(() => this.syncDirectory(directory)),
      space: (directory) => alive(() => this.space(directory)),
    };
  }

  open(path: string, mode: OpenMode): Promise<File> {
    return this.#run("open", path, () => {
      let inode = this.#names.get(path);
      if (mode === "create" || mode === "create durable") {
        if (inode !== undefined) throw systemError("EEXIST", `open ${path}`);
        if (!this.#directories.has(parentOf(path))) throw systemError("ENOENT", `open ${path}`);
        inode = new Inode();
        this.#names.set(path, inode);
      }
      if (inode === undefined) throw systemError("ENOENT", `open ${path}`);
      return this.#fileOf(path, inode, mode.endsWith("durable"));
    });
  }

  list(directory: string): Promise<string[]> {
    return this.#run("list", directory, () => {
      if (!this.#directories.has(directory)) throw systemError("ENOENT", `list ${directory}`);
      const inside = [...this.#names.keys(), ...this.#directories].filter((path) => parentOf(path) === directory);
      return inside.map((path) => path.slice(directory.length + 1));
    });
  }

  makeDirectory(directory: string): Promise<void> {
    return this.#run("makeDirectory", directory, () => {
      for (let path = directory; path !== "" && path !== "."; path = parentOf(path)) this.#directories.add(path);
    });
  }

  remove(path: string): Promise<void> {
    return this.#run("remove", path, () => {
      if (!this.#names.delete(path)) throw systemError("ENOENT", `remove ${path}`);
    });
  }

  syncDirectory(directory: string): Promise<void> {
    return this.#run("syncDirectory", directory, () => {
      for (const path of this.#durableNames.keys()) {
        if (parentOf(path) === directory && !this.#names.has(path)) this.#durableNames.delete(path);
      }
      for (const [path, inode] of this.#names) if (parentOf(path) === directory) this.#durableNames.set(path, inode);
    });
  }

  space(directory: string): Promise<{ free: number; total: number }> {
    return this.#run("space", directory, () => {
      const total = Number.isFinite(this.capacity) ? this.capacity : 2 ** 50;
      return { free: Math.max(0, total - this.used), total };
    });
  }

  #fileOf(path: string, inode: Inode, durable: boolean): File {
    const life = this.#life;
    const run = <T>(kind: OperationKind, action: () => T): Promise<T> => this.#run(kind, path, action, life);
    const write = (chunks: readonly Uint8Array[], position: number): Promise<void> =>
      run("write", () => {
        const bytes = Buffer.concat(chunks);
        const room = this.capacity - this.used;
        const fits = Math.max(0, Math.min(bytes.byteLength, inode.size + room - position));
        if (fits > 0) {
          const change = { position, bytes: bytes.subarray(0, fits) };
          inode.apply(change);
          inode.pending.push(change);
        }
        if (fits < bytes.byteLength) throw systemError("ENOSPC", `write ${path}`);
      });
    const sync = (): Promise<void> =>
      run("sync", () => syncFile(inode)).catch((error: unknown) => {
        inode.layers.push({ changes: inode.pending, certain: false });
        inode.pending = [];
        throw error;
      });
    return {
      read: (buffer, offset, length, position) =>
        run("read", () => {
          const end = Math.min(inode.size, position + length);
          if (end <= position) return 0;
          buffer.set(inode.content.subarray(position, end), offset);
          return end - position;
        }),
      // Two operations, since either may fail, and a crash may come between them.
      write: durable ? (chunks, position) => write(chunks, position).then(sync) : write,
      sync,
      size: () => run("size", () => inode.size),
      truncate: (size) =>
        run("truncate", () => {
          inode.apply({ size });
          inode.pending.push({ size });
        }),
      close: () => run("close", () => {}),
    };
  }

  async #run<T>(kind: OperationKind, path: string, action: () => T, life = this.#life): Promise<T> {
    if (life !== this.#life) return await new Promise<never>(() => {});
    const operation = { kind, path };
    this.operations.push(operation);
    try {
      await this.interference(operation);
    } catch (error) {
      if (life !== this.#life) return await new Promise<never>(() => {});
      throw error;
    }
    // In the process that is gone nothing goes on, and nobody hears of it.
    if (life !== this.#life) return await new Promise<never>(() => {});
    return action();
  }

  #inode(path: string): Inode {
    const inode = this.#names.get(path);
    if (inode === undefined) throw systemError("ENOENT", path);
    return inode;
  }
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

function syncFile(inode: Inode): void {
  if (inode.layers.length > 0) {
    inode.layers.push({ changes: inode.pending, certain: true });
    inode.pending = [];
    return;
  }
  const durable = new Inode();
  durable.apply({ position: 0, bytes: inode.durable });
  for (const change of inode.pending) durable.apply(change);
  inode.durable = durable.content.slice(0, durable.size);
  inode.pending = [];
}

function crashFile(inode: Inode, random: RandomNumber | undefined): void {
  const survivor = new Inode();
  survivor.apply({ position: 0, bytes: inode.durable });
  for (const { changes, certain } of [...inode.layers, { changes: inode.pending, certain: false }]) {
    for (const change of changes) {
      if (certain) survivor.apply(change);
      else if (random !== undefined) for (const part of survivingParts(change, random)) survivor.apply(part);
    }
  }
  inode.content = survivor.content;
  inode.size = survivor.size;
  inode.durable = survivor.content.slice(0, survivor.size);
  inode.pending = [];
  inode.layers = [];
}

/**
 * The sectors of a change that reach the disk: all, none, or any of them, one perhaps cut in the
 * middle.
 */
function* survivingParts(change: Pending, random: RandomNumber): Generator<Pending> {
  const fate = random();
  if (fate < 0.25) return;
  if ("size" in change || fate > 0.75) {
    yield change;
    return;
  }
  const { position, bytes } = change;
  for (let start = 0; start < bytes.byteLength; ) {
    const end = Math.min(bytes.byteLength, start + sectorBytes - ((position + start) % sectorBytes));
    const luck = random();
    const cut = luck < 0.1 ? start + Math.floor(random() * (end - start)) : end;
    if (luck < 0.6) yield { position: position + start, bytes: bytes.subarray(start, cut) };
    start = end;
  }
}
