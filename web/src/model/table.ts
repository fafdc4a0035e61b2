// Rows by id, in an order of their own. The order is that of the file, so that undoing a removal gives the same file again.

export interface Row {
  readonly id: string;
}

/// What readers of a document see.
export interface ReadonlyTable<T extends Row> extends Iterable<T> {
  readonly size: number;
  get(id: string): T | undefined;
  has(id: string): boolean;
  ids(): readonly string[];
  rows(): T[];
}

export class Table<T extends Row> implements ReadonlyTable<T> {
  private readonly byId = new Map<string, T>();
  private order: string[] = [];

  constructor(rows: Iterable<T> = []) {
    for (const row of rows) this.insert(this.size, row);
  }

  get size(): number {
    return this.order.length;
  }

  get(id: string): T | undefined {
    return this.byId.get(id);
  }

  has(id: string): boolean {
    return this.byId.has(id);
  }

  ids(): readonly string[] {
    return this.order;
  }

  rows(): T[] {
    return this.order.map((id) => this.byId.get(id) as T);
  }

  [Symbol.iterator](): Iterator<T> {
    return this.rows()[Symbol.iterator]();
  }

  indexOf(id: string): number {
    return this.order.indexOf(id);
  }

  insert(index: number, row: T): void {
    if (this.byId.has(row.id)) throw new Error(`the id ${row.id} is in use`);
    this.byId.set(row.id, row);
    // A new list each time: whoever holds the old one sees by identity that it has changed.
    this.order = [...this.order.slice(0, index), row.id, ...this.order.slice(index)];
  }

  remove(id: string): void {
    this.byId.delete(id);
    this.order = this.order.filter((other) => other !== id);
  }

  replace(row: T): void {
    if (!this.byId.has(row.id)) throw new Error(`there is no ${row.id}`);
    this.byId.set(row.id, row);
  }
}
