import type { MessagePort } from "node:worker_threads";
import { DurableEnd } from "./durable-end.ts";

/*
 * The feed: how an engine that writes a topic and an engine in another thread that reads it stay in step. They share the
 * topic's files and nothing else; over a MessagePort goes up to where the files may be read, and back, what is still needed.
 *
 *   reader → writer   follow    the reader wants to hear of a topic
 *   writer → reader   durable   where the topic starts and up to where it is durable; at once, and after each group
 *   reader → writer   needs     the lowest offset that a consumer group of the reader has not finished
 *   reader → writer   left      the group has no member here any more
 *
 * A port that closes ends it all: what its groups needed is theirs no longer to say.
 */
export type FeedMessage =
  | { readonly kind: "follow"; readonly topic: string }
  | { readonly kind: "durable"; readonly topic: string; readonly start: number; readonly end: number }
  | { readonly kind: "needs"; readonly topic: string; readonly group: string; readonly from: number }
  | { readonly kind: "left"; readonly topic: string; readonly group: string };

/** An end of the feed: of a MessagePort what it needs. */
export type FeedPort = Pick<MessagePort, "postMessage" | "on" | "off">;

export interface FeedEvents {
  /** A topic could not be opened: the reader hears nothing of it. */
  failed(topic: string, error: unknown): void;
  /** The reader is gone: its thread has ended, or it closed the port. */
  closed(): void;
}

/** A topic that is written here, as the feed sees it. */
export interface FedTopic {
  readonly start: number;
  readonly end: number;
  /** What a group at a reader still needs. */
  needed(reader: object, group: string, from: number): void;
  /** A group has no member at a reader any more. */
  left(reader: object, group: string): void;
  /** Calls back after each move of the end. Gives a function that ends this. */
  onDurable(listener: () => void): () => void;
}

/** The writer's end: serves the reader behind `port` with the topics that `open` gives. Gives a function that stops it. */
export function serveFeed(port: FeedPort, open: (topic: string) => Promise<FedTopic>, events: FeedEvents): () => void {
  const followed = new Map<string, FedTopic>();
  const stops: (() => void)[] = [];
  let stopped = false;

  async function follow(topic: string): Promise<void> {
    try {
      const fed = await open(topic);
      if (stopped || followed.has(topic)) return;
      followed.set(topic, fed);
      const post = (): void => {
        port.postMessage({ kind: "durable", topic, start: fed.start, end: fed.end } satisfies FeedMessage);
      };
      stops.push(fed.onDurable(post));
      post();
    } catch (error) {
      events.failed(topic, error);
    }
  }

  function receive(message: FeedMessage): void {
    const { kind, topic } = message;
    if (kind === "follow") void follow(topic);
    else if (kind === "needs") followed.get(topic)?.needed(port, message.group, message.from);
    else if (kind === "left") followed.get(topic)?.left(port, message.group);
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

/** A topic that is written in another thread. */
export interface FollowedTopic {
  readonly durable: DurableEnd;
  /** Tells the writer the lowest offset that a group has not finished. */
  needed(group: string, from: number): void;
  /** Tells the writer that a group has no member here any more. */
  left(group: string): void;
}

export interface FeedFollower {
  /** Resolves when the writer has told how far the topic is durable. */
  follow(topic: string): Promise<FollowedTopic>;
  stop(): void;
}

/** The reader's end. */
export function followFeed(port: FeedPort): FeedFollower {
  const topics = new Map<string, Followed>();

  function receive(message: FeedMessage): void {
    if (message.kind === "durable") topics.get(message.topic)?.advance(message.start, message.end);
  }

  port.on("message", receive);
  return {
    follow(topic) {
      let followed = topics.get(topic);
      if (followed === undefined) {
        followed = new Followed(port, topic);
        topics.set(topic, followed);
        port.postMessage({ kind: "follow", topic } satisfies FeedMessage);
      }
      return followed.told;
    },
    stop: () => port.off("message", receive),
  };
}

class Followed implements FollowedTopic {
  readonly durable = new DurableEnd(0, 0);
  /** Resolves with the first news. */
  readonly told: Promise<FollowedTopic>;
  readonly #port: FeedPort;
  readonly #topic: string;
  readonly #needs = new Map<string, number>();
  #tell: (topic: FollowedTopic) => void = () => {};

  constructor(port: FeedPort, topic: string) {
    this.#port = port;
    this.#topic = topic;
    this.told = new Promise((resolve) => {
      this.#tell = resolve;
    });
  }

  advance(start: number, end: number): void {
    this.durable.advance(start, end);
    this.#tell(this);
  }

  needed(group: string, from: number): void {
    if (this.#needs.get(group) === from) return;
    this.#needs.set(group, from);
    this.#port.postMessage({ kind: "needs", topic: this.#topic, group, from } satisfies FeedMessage);
  }

  left(group: string): void {
    if (this.#needs.delete(group)) {
      this.#port.postMessage({ kind: "left", topic: this.#topic, group } satisfies FeedMessage);
    }
  }
}
