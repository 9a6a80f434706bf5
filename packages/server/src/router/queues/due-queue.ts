/** Items by the time at which they are due, the earliest first: a binary heap. */
export class DueQueue<Item> {
  readonly #heap: { readonly due: number; readonly item: Item }[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** When the first item is due; `Infinity` when there is none. */
  get nextDue(): number {
    return this.#heap[0]?.due ?? Number.POSITIVE_INFINITY;
  }

  push(due: number, item: Item): void {
    const heap = this.#heap;
    const added = { due, item };
    let at = heap.length;
    heap.push(added);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent]!;
      if (above.due <= due) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = added;
  }

  /** Keeps only what `keeps` says. */
  filter(keeps: (item: Item) => boolean): void {
    const kept = this.#heap.splice(0).filter(({ item }) => keeps(item));
    // What is sorted is a heap.
    this.#heap.push(...kept.sort((one, other) => one.due - other.due));
  }

  /** Removes and returns the first item if it is due. */
  shiftDue(now: number): Item | undefined {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined || first.due > now) return undefined;
    const last = heap.pop()!;
    if (heap.length === 0) return first.item;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.due < heap[child]!.due) child++;
      if (heap[child]!.due >= last.due) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first.item;
  }
}
