import { writeSync } from "node:fs";
import { type OnReadOpts, Socket, type SocketConstructorOpts } from "node:net";
import { runModuleAs } from "../../config/run-module.ts";
import { endWithParent } from "../../end-with-parent.ts";
import type { Transform, TransformContext } from "../../model/transform.ts";
import { letJsonKeepDigits } from "./exact-json.ts";
import {
  decodeTexts,
  encodeFrame,
  encodePieces,
  FrameReader,
  fromProcess,
  type Piece,
  pieceKinds,
  pipes,
  type Setup,
  toProcess,
} from "./frames.ts";
import { markBytes, none } from "./running-file.ts";
import { applyTransform, type Give } from "./transform.ts";

/*
 * The process in which the transformation of one destination runs. It imports the configuration
 * itself: functions cannot be handed over. What it says goes through a pipe of its own. Before each
 * event it notes in a file which one it is, so that it is known in whatever way this process ends.
 */

/** Bytes that are gathered before they are written: one call for many small results. */
const gatheredBytes = 64 << 10;

/** Bytes of results after which a batch ends early: the router gets rid of what there is first. */
const mostBatchBytes = 16 << 20;

// As they are before the owner's module is there, which may replace them.
const { parse } = JSON;
const { from } = Buffer;
const now = performance.now.bind(performance);

/** Index, count, number of the batch, and milliseconds that the event has run. */
const mark = new Uint32Array([none, 0, 0, 0]);
function note(index: number, ran: number): void {
  mark[0] = index;
  mark[1]!++;
  mark[3] = ran;
  writeSync(pipes.marks, mark, 0, markBytes, 0);
}

// What a transformation writes into JSON itself, such as a hash or a copy of its event.
letJsonKeepDigits();

/** Room for the frames that it sends, and what it reads. */
const scratch = Buffer.allocUnsafe(4 * gatheredBytes);
const received = Buffer.allocUnsafe(4 * gatheredBytes);

let gathered: Piece[] = [];
/** Characters of those, and of all pieces of this batch. */
let gatheredNow = 0;
let given = 0;

function give(kind: keyof typeof pieceKinds, index: number, text: string): void {
  // Not by a method that the function may replace.
  gathered[gathered.length] = { kind: pieceKinds[kind], index, text };
  gatheredNow += text.length;
  given += text.length;
}

function flush(): void {
  const frame = encodePieces(gathered, scratch);
  gathered = [];
  gatheredNow = 0;
  write(frame);
}

/** The pipe blocks: the router may take its time. */
function write(frame: Buffer): void {
  for (let at = 0; at < frame.length; ) at += writeSync(pipes.output, frame, at);
}

function fail(kind: number, error: unknown): never {
  const text = error instanceof Error ? error.message : String(error);
  write(encodeFrame(kind, from(text.slice(0, 1000))));
  process.exit(1);
}

async function load({ file, text, destination }: Setup): Promise<Transform> {
  const config = (await runModuleAs(file, text)) as {
    readonly destinations?: Readonly<Record<string, { readonly transform?: unknown }>>;
  };
  const transform = config.destinations?.[destination]?.transform;
  if (typeof transform === "function") return transform as Transform;
  throw new Error(`${file}: the destination "${destination}" has no transform any more`);
}

/** @param next position of the first event without an answer */
function end(next: number): void {
  note(none, 0);
  give("done", next, "");
  flush();
  mark[2]!++;
}

async function runBatch(transform: Transform, destination: string, texts: readonly string[]): Promise<void> {
  let next = 0;
  let index = 0;
  /** When the event began; later by what was no time of the function's. */
  let began = 0;
  const giveNow: Give = (kind, text) => {
    give(kind, index, text);
    if (gatheredNow < gatheredBytes) return;
    // However long the router takes to read, it is not the function's time.
    const ran = now() - began;
    note(none, 0);
    flush();
    began = now() - ran;
    note(index, ran);
  };
  let known = "";
  let source: TransformContext["source"] = { id: "", name: "" };
  given = 0;
  for (let at = 0; at < texts.length && given < mostBatchBytes; at += 2) {
    index = next++;
    began = now();
    note(index, 0);
    if (texts[at] !== known) {
      known = texts[at]!;
      source = parse(known) as TransformContext["source"];
    }
    // A new one for each: the function may change it.
    const context = { source: { id: source.id, name: source.name }, destination };
    const applied = applyTransform(transform, texts[at + 1]!, context, giveNow);
    const isFit = typeof applied === "boolean" ? applied : await applied;
    if (!isFit) {
      end(next);
      process.exit(0);
    }
  }
  end(next);
}

// A terminal and a service manager send these to everybody. The router says when it is over, by
// closing the pipe.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});

process.on("uncaughtException", (error: unknown) => fail(fromProcess.fault, error));

endWithParent({ pipe: pipes.parent, leadsGroup: false });

const reader = new FrameReader(0xffff_ffff, true);
let destination = "";
let loading: Promise<Transform> | undefined;
let turn: Promise<void> = Promise.resolve();

async function loadFirst(setup: Setup): Promise<void> {
  destination = setup.destination;
  loading = load(setup);
  await loading.catch((error: unknown) => fail(fromProcess.unusable, error));
  write(encodeFrame(fromProcess.ready));
}

/** What is read lies in memory that the next piece takes, and has to be decoded at once. */
function read(length: number): void {
  for (const { kind, content } of reader.read(received.subarray(0, length))) {
    if (kind === toProcess.setup) {
      const setup = parse(content.toString()) as Setup;
      turn = turn.then(() => loadFirst(setup));
    } else {
      const texts = decodeTexts(content);
      turn = turn.then(async () => {
        if (loading !== undefined) await runBatch(await loading, destination, texts);
      });
    }
  }
}

const options: SocketConstructorOpts & { onread: OnReadOpts } = {
  ...{ fd: pipes.input, readable: true, writable: false },
  onread: {
    buffer: received,
    callback: (length) => {
      read(length);
      return true;
    },
  },
};
const input = new Socket(options);
input.resume();
// The router has closed it, or is gone.
input.on("close", () => process.exit(0));
