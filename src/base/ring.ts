/** The last `capacity` values, oldest first: what a record of recent events is kept in. */
export class Ring<T> {
  private readonly values: T[] = [];
  private start = 0;
  readonly capacity: number;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get size(): number {
    return this.values.length;
  }

  push(value: T): void {
    if (this.values.length < this.capacity) {
      this.values.push(value);
      return;
    }
    this.values[this.start] = value;
    this.start = (this.start + 1) % this.capacity;
  }

  /** Oldest first. */
  toArray(): T[] {
    return [...this.values.slice(this.start), ...this.values.slice(0, this.start)];
  }
}
