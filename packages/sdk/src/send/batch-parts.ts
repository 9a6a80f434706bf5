/** How the parts of a batch change when the data plane says no. */
import { decodeMessage } from "../encode.ts";
import type { QueueEntry } from "../store/entry.ts";
import type { MessageBatch, PartRefusal, RequestPart } from "./batch.ts";
import { nodeOf } from "./nodes.ts";

/** Puts two halves in place of the part at the front, which has more than one message. */
export function split(batch: MessageBatch): void {
  const part = batch.shift()!;
  const middle = Math.ceil(part.entries.length / 2);
  const halves = [part.entries.slice(0, middle), part.entries.slice(middle)];
  batch.parts.unshift(...halves.map((entries) => ({ ...part, entries })));
}

/** Sets the lone message at the front aside. */
export function suspect(batch: MessageBatch): void {
  batch.suspects.push(batch.shift()!);
}

/** Notes how the part at the front was refused. */
export function mark(batch: MessageBatch, refusal: PartRefusal): void {
  batch.parts[0] = { ...batch.parts[0]!, refusal };
}

/**
 * Whether the batch is held for the words about one message, while nothing tells whether it is that
 * message's fault.
 */
export function wantsCompany(batch: MessageBatch): boolean {
  return batch.probes > 0 && batch.parts.every(({ refusal }) => refusal?.alone === true);
}

/** Takes further messages along, behind all others: by them it will be seen whose fault it is. */
export function join(batch: MessageBatch, entries: QueueEntry[]): void {
  if (entries.length === 0) return;
  batch.parts.push({ entries, node: 0 });
  // So that they are divided as well.
  if (batch.nodes > 1) batch.nodes = 0;
}

/** Divides what has not ended for that many nodes; does nothing if it is divided so already. */
export function divide(batch: MessageBatch, nodes: number): void {
  if (nodes === batch.nodes) return;
  batch.restoreSuspects();
  batch.parts = groupByNode(
    batch.parts.flatMap((part) => part.entries),
    nodes,
  );
  batch.nodes = nodes;
}

/**
 * One part for each node. Messages of one lane may belong to several nodes (a user with several
 * anonymous ids): where sending node by node would change their order, a further part for the same
 * node is begun.
 */
function groupByNode(entries: readonly QueueEntry[], nodes: number): RequestPart[] {
  if (nodes === 1) return [{ entries: [...entries], node: 0 }];
  const parts: RequestPart[] = [];
  const lastOfNode = new Map<number, number>();
  const lastOfLane = new Map<number, number>();
  for (const entry of entries) {
    const node = nodeOf(decodeMessage(entry.bytes), nodes);
    let at = lastOfNode.get(node);
    if (at === undefined || at < (lastOfLane.get(entry.lane) ?? 0)) {
      at = parts.push({ entries: [], node }) - 1;
      lastOfNode.set(node, at);
    }
    parts[at]!.entries.push(entry);
    lastOfLane.set(entry.lane, at);
  }
  return parts;
}
