// The one way to change a document: commands get a transaction and record operations in it.

import {
  type Document, type Graph, type GraphHeader, type GraphId, type MutableDocument, type MutableGraph, type Rows, type TableName,
} from './document';
import { apply, inverse, mutableGraph, tableOf, type Operation } from './operations';
import type { Registry } from './definition';

const LAST_ID = { nodes: 'lastNode', links: 'lastLink', groups: 'lastGroup', reroutes: 'lastReroute' } as const;

export class Transaction {
  readonly operations: Operation[] = [];

  constructor(private readonly target: MutableDocument, readonly registry: Registry) {}

  get document(): Document {
    return this.target;
  }

  graph(id: GraphId): Graph {
    return mutableGraph(this.target, id);
  }

  /// Throws if there is no such row: a command that got a stale id changes nothing.
  row<T extends TableName>(graph: GraphId, table: T, id: string): Rows[T] {
    const row = tableOf(mutableGraph(this.target, graph), table).get(id);
    if (row === undefined) throw new Error(`${table} has no ${id}`);
    return row;
  }

  insert<T extends TableName>(graph: GraphId, table: T, row: Rows[T], index = this.graph(graph)[table].size): void {
    this.record({ kind: 'insert', graph, table, index, row } as Operation);
  }

  remove<T extends TableName>(graph: GraphId, table: T, id: string): void {
    const row = this.row(graph, table, id);
    const index = tableOf(mutableGraph(this.target, graph), table).indexOf(id);
    this.record({ kind: 'remove', graph, table, index, row } as Operation);
  }

  /// Changes some fields of a row. Nothing is recorded where they are what they were.
  update<T extends TableName>(graph: GraphId, table: T, id: string, changes: Partial<Rows[T]>): void {
    const before = this.row(graph, table, id);
    const names = Object.keys(changes) as (keyof Rows[T])[];
    if (names.every((name) => before[name] === changes[name])) return;
    this.record({ kind: 'replace', graph, table, before, after: { ...before, ...changes } } as Operation);
  }

  updateHeader(graph: GraphId, changes: Partial<GraphHeader>): void {
    const before = this.graph(graph).header;
    this.record({ kind: 'header', graph, before, after: { ...before, ...changes } });
  }

  insertDefinition(definition: MutableGraph): void {
    this.record({ kind: 'insertGraph', index: this.target.definitions.size, definition });
  }

  removeDefinition(id: GraphId): void {
    this.record({ kind: 'removeGraph', index: this.target.definitions.indexOf(id), definition: mutableGraph(this.target, id) });
  }

  /// The next free id of a table.
  newId(graph: GraphId, table: TableName): string {
    const { header, [table]: rows } = this.graph(graph);
    // Files may say less than they use.
    let next = header[LAST_ID[table]] + 1;
    for (const id of rows.ids()) if (/^\d{1,15}$/.test(id)) next = Math.max(next, Number(id) + 1);
    this.updateHeader(graph, { [LAST_ID[table]]: next });
    return String(next);
  }

  /// Takes back everything recorded from `mark` on (a length of `operations`).
  rollback(mark = 0): void {
    while (this.operations.length > mark) apply(this.target, inverse(this.operations.pop() as Operation));
  }

  private record(operation: Operation): void {
    apply(this.target, operation);
    this.operations.push(operation);
  }
}
