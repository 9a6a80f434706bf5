import type { MessagePort } from "node:worker_threads";
import { HighWatermark } from "./high-watermark.ts";

/*
 * How an engine that writes a partition and an engine in another thread that reads it stay in step.
 * They share the files of the partition's log and nothing else; over a MessagePort goes up to where
 * they may be read, and back, what is still needed.
 *
 *   reader → writer   follow      the reader wants to hear of a partition
 *   writer → reader   watermark   where it starts and up to where it is durable; at once, and after each group commit
 *   reader → writer   needs       the lowest offset that a consumer group of the reader has not finished
 *   reader → writer   left        the group has no member here any more
 *
 * A port that closes ends it all: what its groups needed is theirs no longer to say.
 */
export type ChannelMessage = PartitionName &
  (
    | { readonly kind: "follow" }
    | { readonly kind: "watermark"; readonly start: number; readonly end: number }
    | { readonly kind: "needs"; readonly group: string; readonly from: number }
    | { readonly kind: "left"; readonly group: string }
  );

interface PartitionName {
  readonly topic: string;
  readonly partition: number;
}

/** An end of the channel: of a MessagePort what it needs. */
export type ChannelPort = Pick<MessagePort, "postMessage" | "on" | "off" | "close">;

export interface ChannelEvents {
  /** A partition could not be opened: the reader hears nothing of it. */
  failed(topic: string, error: unknown): void;
  /** The reader is gone: its thread has ended, or it closed the port. */
  closed(): void;
}

/** A partition that is written here, as its followers see it. */
export interface ServedPartition {
  readonly start: number;
  readonly end: number;
  /** What a group at a reader still needs. */
  needed(reader: object, group: string, from: number): void;
  /** A group has no member at a reader any more. */
  left(reader: object, group: string): void;
  /** Calls back after each move of the end. Gives a function that ends this. */
  onDurable(listener: () => void): () => void;
}

/**
 * The writer's end: serves the reader behind `port` with the partitions that `open` gives. Gives a
 * function that stops it.
 */
export function serveHighWatermarks(
  port: ChannelPort,
  open: (topic: string, partition: number) => Promise<ServedPartition>,
  events: ChannelEvents,
): () => void {
  const followed = new Map<string, ServedPartition>();
  const stops: (() => void)[] = [];
  let stopped = false;

  async function follow({ topic, partition }: PartitionName): Promise<void> {
    try {
      const served = await open(topic, partition);
      const key = keyOf({ topic, partition });
      if (stopped || followed.has(key)) return;
      followed.set(key, served);
      const post = (): void => {
        const { start, end } = served;
        port.postMessage({ kind: "watermark", topic, partition, start, end } satisfies ChannelMessage);
      };
      stops.push(served.onDurable(post));
      post();
    } catch (error) {
      events.failed(topic, error);
    }
  }

  function receive(message: ChannelMessage): void {
    if (message.kind === "follow") void follow(message);
    else if (message.kind === "needs") followed.get(keyOf(message))?.needed(port, message.group, message.from);
    else if (message.kind === "left") followed.get(keyOf(message))?.left(port, message.group);
  }

  function stop(): void {
    stopped = true;
    port.off("message", receive);
    port.off("close", close);
    for (const unfollow of stops) unfollow();
  }

  function close(): void {
    stop();
    events.closed();
  }

  port.on("message", receive);
  port.on("close", close);
  return stop;
}

/** The reader's end. */
export class HighWatermarkFollower {
  readonly #port: ChannelPort;
  readonly #partitions = new Map<string, FollowedPartition>();
  readonly #receive = (message: ChannelMessage): void => {
    if (message.kind === "watermark") this.#partitions.get(keyOf(message))?.advance(message.start, message.end);
  };

  constructor(port: ChannelPort) {
    this.#port = port;
    port.on("message", this.#receive);
  }

  /** Resolves when the writer has told how far the partition is durable. */
  follow(topic: string, partition: number): Promise<FollowedPartition> {
    const name = { topic, partition };
    let followed = this.#partitions.get(keyOf(name));
    if (followed === undefined) {
      followed = new FollowedPartition(this.#port, name);
      this.#partitions.set(keyOf(name), followed);
      this.#port.postMessage({ kind: "follow", ...name } satisfies ChannelMessage);
    }
    return followed.told;
  }

  /** Follows nothing any more, which ends the channel. */
  stop(): void {
    this.#port.off("message", this.#receive);
    this.#port.close();
  }
}

/** A partition that is written in another thread. */
export class FollowedPartition {
  readonly watermark: HighWatermark = new HighWatermark(0, 0);
  /** Resolves with the first news. */
  readonly told: Promise<FollowedPartition>;
  readonly #port: ChannelPort;
  readonly #name: PartitionName;
  readonly #needs = new Map<string, number>();
  #tell: (partition: FollowedPartition) => void = () => {};

  constructor(port: ChannelPort, name: PartitionName) {
    this.#port = port;
    this.#name = name;
    this.told = new Promise((resolve) => {
      this.#tell = resolve;
    });
  }

  advance(start: number, end: number): void {
    this.watermark.advance(start, end);
    this.#tell(this);
  }

  /** Tells the writer the lowest offset that a group has not finished. */
  needed(group: string, from: number): void {
    if (this.#needs.get(group) === from) return;
    this.#needs.set(group, from);
    this.#port.postMessage({ kind: "needs", ...this.#name, group, from } satisfies ChannelMessage);
  }

  /** Tells the writer that a group has no member here any more. */
  left(group: string): void {
    if (!this.#needs.delete(group)) return;
    this.#port.postMessage({ kind: "left", ...this.#name, group } satisfies ChannelMessage);
  }
}

function keyOf({ topic, partition }: PartitionName): string {
  return `${topic}-${partition}`;
}
