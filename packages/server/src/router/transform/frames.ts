/*
 * What passes between the router and the process of a transformation, as docs/transformations.md
 * specifies it: on each of two pipes a row of frames, each of them its length (u32, little-endian),
 * then one byte that says what it is, then the content.
 */

/** What the router sends. */
export const toProcess = {
  /** The first frame. JSON: `file`, `text`, `destination`. */
  setup: 1,
  /** Texts: for each event its source (`id`, `name`) and itself, as JSON. */
  batch: 2,
} as const;

/** What the process sends. */
export const fromProcess = {
  /** The configuration is imported. Once, and first. */
  ready: 1,
  /** The configuration cannot be imported, or has no such transformation. Text. */
  unusable: 2,
  /** An error that nobody caught ends the process. Text. */
  fault: 3,
  /** Texts: for each piece its kind, its index, and its text. */
  pieces: 4,
} as const;

/**
 * What came of the events of a batch, in their order. The index is that of the event in the batch.
 */
export const pieceKinds = {
  /** The function gave one event. Its JSON. */
  one: 1,
  /** One of a list that the function gave. Its JSON. */
  item: 2,
  /** The list has ended. How many there were. */
  end: 3,
  /** The function gave `null`, or an empty list. */
  filtered: 4,
  /** The words of a function that threw, or gave what is no event. */
  failed: 5,
  /**
   * The batch has ended here, early if its results are large. The index is that of the first event
   * without an answer.
   */
  done: 6,
} as const;

export interface Piece {
  readonly kind: number;
  readonly index: number;
  readonly text: string;
}

/**
 * The process's files besides stdin, stdout and stderr: the two pipes, one that says nothing and
 * ends with the router, and the marks.
 */
export const pipes = { input: 3, output: 4, parent: 5, marks: 6 } as const;

/** What a process is for. */
export interface Setup {
  /** Absolute path of the configuration. */
  readonly file: string;
  /** What it held when it was accepted. */
  readonly text: string;
  /** Name of the destination in it. */
  readonly destination: string;
}

export interface Frame {
  readonly kind: number;
  readonly content: Buffer;
}

/** Bytes before the content: the length of what follows it, and the kind. */
const headBytes = 5;

// As they are before the owner's module is there, which may replace them.
const { allocUnsafe, byteLength, concat, from } = Buffer;
const { join } = Array.prototype;

export function encodeFrame(kind: number, ...content: readonly Uint8Array[]): Buffer {
  const head = allocUnsafe(headBytes);
  let length = 1;
  for (const piece of content) length += piece.length;
  head.writeUInt32LE(length, 0);
  head[4] = kind;
  return concat([head, ...content]);
}

/** Takes frames apart that arrive in whatever pieces. */
export class FrameReader {
  readonly #mostBytes: number;
  readonly #isReused: boolean;
  #pieces: Buffer[] = [];
  #held = 0;
  /**
   * Bytes of the frame that is being gathered, its length included; `undefined` until that is
   * there.
   */
  #wanted: number | undefined;

  /**
   * @param mostBytes kind and content of one frame
   * @param isReused whether the memory of a piece is somebody else's once it is read, and so that
   * of its frames. @default false
   */
  constructor(mostBytes: number, isReused = false) {
    this.#mostBytes = mostBytes;
    this.#isReused = isReused;
  }

  /**
   * The frames that are complete with this piece.
   *
   * @throws RangeError for a frame that is larger than may be, or has no kind; nothing can be read
   * from there on
   */
  *read(piece: Buffer): Generator<Frame, void, undefined> {
    this.#pieces[this.#pieces.length] = piece;
    this.#held += piece.length;
    while (this.#held >= (this.#wanted ?? 4)) {
      // Put together once a frame is whole, so that a large one is not copied for each of its
      // pieces.
      const all = this.#pieces.length === 1 ? this.#pieces[0]! : concat(this.#pieces, this.#held);
      let rest = all;
      while (rest.length >= 4) {
        const length = rest.readUInt32LE(0);
        if (length === 0 || length > this.#mostBytes) throw new RangeError(`a frame of ${length} bytes`);
        if (rest.length < 4 + length) break;
        const frame = { kind: rest[4]!, content: rest.subarray(headBytes, 4 + length) };
        rest = rest.subarray(4 + length);
        yield frame;
      }
      this.#pieces = [rest];
      this.#held = rest.length;
      this.#wanted = rest.length < 4 ? undefined : 4 + rest.readUInt32LE(0);
    }
    const last = this.#pieces.length - 1;
    if (this.#isReused) this.#pieces[last] = from(this.#pieces[last]!);
  }
}

/**
 * Texts in one content: u32 how many, their lengths in UTF-16 units (u32 each), and all of them in
 * UTF-8. Encoded and decoded in one go, which for many small ones takes half the time of doing it
 * one by one. JSON has no lone surrogates, so lengths stay what they are.
 */
export function encodeTexts(texts: readonly string[]): Uint8Array[] {
  const lengths = new Uint32Array(texts.length + 1);
  lengths[0] = texts.length;
  for (let at = 0; at < texts.length; at++) lengths[at + 1] = texts[at]!.length;
  return [from(lengths.buffer), from(join.call(texts, ""))];
}

/** @throws RangeError for content that is not what it says */
export function decodeTexts(content: Buffer): string[] {
  const count = content.readUInt32LE(0);
  const begin = 4 * (count + 1);
  if (begin > content.length) throw new RangeError("more texts than there are bytes");
  const all = content.toString("utf8", begin);
  const texts: string[] = [];
  let at = 0;
  for (let index = 0; index < count; index++) {
    const end = at + content.readUInt32LE(4 * (index + 1));
    if (end > all.length) throw new RangeError("a text that is longer than there are bytes");
    texts[index] = all.slice(at, end);
    at = end;
  }
  return texts;
}

/**
 * The frame of texts. A buffer for each would bring V8 to collect all of its heap all the time,
 * since it reckons with their bytes.
 *
 * @param scratch what a frame that fits is written into, so that the next one destroys it. @default
 * a new buffer each
 */
export function encodeTextsFrame(kind: number, texts: readonly string[], scratch?: Buffer): Buffer {
  const all = join.call(texts, "") as string;
  const begin = headBytes + 4 * (texts.length + 1);
  const fits = scratch !== undefined && begin + 3 * all.length <= scratch.length;
  const frame = fits ? scratch : allocUnsafe(begin + byteLength(all));
  const end = begin + frame.write(all, begin);
  frame.writeUInt32LE(end - 4, 0);
  frame[4] = kind;
  frame.writeUInt32LE(texts.length, headBytes);
  for (let at = 0; at < texts.length; at++) frame.writeUInt32LE(texts[at]!.length, headBytes + 4 * (at + 1));
  return frame.subarray(0, end);
}

/** @param scratch as for `encodeTextsFrame` */
export function encodePieces(pieces: readonly Piece[], scratch?: Buffer): Buffer {
  const texts: string[] = [];
  for (let at = 0; at < pieces.length; at++) {
    const { kind, index, text } = pieces[at]!;
    texts[2 * at] = `${kind} ${index}`;
    texts[2 * at + 1] = text;
  }
  return encodeTextsFrame(fromProcess.pieces, texts, scratch);
}

/** @throws RangeError for content that is not what it says */
export function decodePieces(content: Buffer): Piece[] {
  const texts = decodeTexts(content);
  const pieces: Piece[] = [];
  for (let at = 0; at < texts.length; at += 2) {
    const head = texts[at]!;
    const space = head.indexOf(" ");
    pieces.push({
      kind: Number(head.slice(0, Math.max(0, space))),
      index: space === -1 ? Number.NaN : Number(head.slice(space + 1)),
      text: texts[at + 1] ?? "",
    });
  }
  return pieces;
}
