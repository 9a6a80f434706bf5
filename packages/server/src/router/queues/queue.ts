/**
 * First in, first out, both in constant time. (`Array.shift` moves every element of a long array.)
 */
export class Queue<Item> {
  #items: (Item | undefined)[] = [];
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  get first(): Item | undefined {
    return this.#items[this.#head];
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  shift(): Item | undefined {
    if (this.#head === this.#items.length) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    // Half of it is gone: what is left is moved once for as many calls as it has items.
    if (this.#head >= 32 && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Keeps only what `keeps` says. */
  filter(keeps: (item: Item) => boolean): void {
    this.#items = [...this].filter(keeps);
    this.#head = 0;
  }

  *[Symbol.iterator](): IterableIterator<Item> {
    for (let at = this.#head; at < this.#items.length; at++) yield this.#items[at] as Item;
  }
}
