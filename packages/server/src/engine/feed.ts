import type { MessagePort } from "node:worker_threads";
import { DurableEnd } from "./durable-end.ts";

/*
 * The feed: how an engine that writes a topic and an engine in another thread that reads it stay in step. They share the
 * topic's files and nothing else; over a MessagePort goes up to where the files may be read, and back, what is still needed.
 *
 *   reader → writer   follow    the reader wants to hear of a topic
 *   writer → reader   durable   where the topic starts and up to where it is durable; at once, and after each group
 *   reader → writer   needs     the lowest offset that a consumer of the reader has not finished
 */
export type FeedMessage =
  | { readonly kind: "follow"; readonly topic: string }
  | { readonly kind: "durable"; readonly topic: string; readonly start: number; readonly end: number }
  | { readonly kind: "needs"; readonly topic: string; readonly from: number };

/** An end of the feed: of a MessagePort what it needs. */
export type FeedPort = Pick<MessagePort, "postMessage" | "on" | "off">;

/** A topic that is written here, as the feed sees it. */
export interface FedTopic {
  readonly start: number;
  readonly end: number;
  /** What a reader in another thread still needs. */
  needed(reader: object, from: number): void;
  /** Calls back after each move of the end. Gives a function that ends this. */
  onDurable(listener: () => void): () => void;
}

/**
 * The writer's end: serves the reader behind `port` with the topics that `open` gives. `open` may reject: then the reader hears
 * nothing, and `failed` is called. Gives a function that stops it.
 */
export function serveFeed(
  port: FeedPort,
  open: (topic: string) => Promise<FedTopic>,
  failed: (topic: string, error: unknown) => void,
): () => void {
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
      failed(topic, error);
    }
  }

  function receive(message: FeedMessage): void {
    if (message.kind === "follow") void follow(message.topic);
    else if (message.kind === "needs") followed.get(message.topic)?.needed(port, message.from);
  }

  port.on("message", receive);
  return () => {
    stopped = true;
    port.off("message", receive);
    for (const stop of stops) stop();
  };
}

/** A topic that is written in another thread. */
export interface FollowedTopic {
  readonly durable: DurableEnd;
  /** Tells the writer the lowest offset that a consumer has not finished; it hears the least of all of them. */
  needed(consumer: string, from: number): void;
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
  #least: number | undefined;
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

  needed(consumer: string, from: number): void {
    this.#needs.set(consumer, from);
    const least = Math.min(...this.#needs.values());
    if (least === this.#least) return;
    this.#least = least;
    this.#port.postMessage({ kind: "needs", topic: this.#topic, from: least } satisfies FeedMessage);
  }
}
