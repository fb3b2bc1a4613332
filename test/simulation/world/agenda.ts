/** Something that will happen. */
export interface Entry {
  readonly at: number;
  readonly order: number;
  happen: (() => void) | undefined;
}

/**
 * Virtual time: what will happen, in order. A binary heap by time, and by the order of entry where times are
 * equal. Times are ms since the beginning of the history, as the world has them and no process knows them.
 */
export class Agenda {
  readonly #heap: Entry[] = [];
  #now = 0;
  #entered = 0;

  /** The present instant. */
  get now(): number {
    return this.#now;
  }

  /** When the next entry is due; infinite when there is none. */
  get nextAt(): number {
    while (this.#heap.length > 0 && this.#heap[0]?.happen === undefined) this.#pop();
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  /** Enters something at an instant, now at the earliest. Clear its `happen` to cancel it. */
  at(instant: number, happen: () => void): Entry {
    this.#entered += 1;
    const entry: Entry = { at: Math.max(this.#now, instant), order: this.#entered, happen };
    this.#push(entry);
    return entry;
  }

  /** Enters something `ms` from now. */
  in(ms: number, happen: () => void): Entry {
    return this.at(this.#now + ms, happen);
  }

  /** Lets the next entry happen; false when there is none. */
  step(): boolean {
    for (let entry = this.#pop(); entry !== undefined; entry = this.#pop()) {
      if (entry.happen === undefined) continue;
      this.#now = entry.at;
      entry.happen();
      return true;
    }
    return false;
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = heap[above] as Entry;
      if (!before(entry, parent)) break;
      heap[index] = parent;
      index = above;
    }
    heap[index] = entry;
  }

  #pop(): Entry | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return top;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Entry, heap[child] as Entry)) child += 1;
      if (!before(heap[child] as Entry, last)) break;
      heap[index] = heap[child] as Entry;
      index = child;
    }
    heap[index] = last;
    return top;
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
