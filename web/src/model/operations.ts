// The six primitive operations. Each holds all it takes to be undone: its inverse is an operation too, and applying both
// leaves the document as it was, to the byte.

import { ROOT, type GraphHeader, type GraphId, type MutableDocument, type MutableGraph, type Rows, type TableName } from './document';
import type { Table } from './table';

type EachTable<F extends { [T in TableName]: unknown }> = F[TableName];

type Insert = EachTable<{ [T in TableName]: { kind: 'insert'; graph: GraphId; table: T; index: number; row: Rows[T] } }>;
type Remove = EachTable<{ [T in TableName]: { kind: 'remove'; graph: GraphId; table: T; index: number; row: Rows[T] } }>;
type Replace = EachTable<{ [T in TableName]: { kind: 'replace'; graph: GraphId; table: T; before: Rows[T]; after: Rows[T] } }>;
type Header = { kind: 'header'; graph: GraphId; before: GraphHeader; after: GraphHeader };
/// A definition goes and comes as a whole; nothing changes it while it is away.
type InsertGraph = { kind: 'insertGraph'; index: number; definition: MutableGraph };
type RemoveGraph = { kind: 'removeGraph'; index: number; definition: MutableGraph };

export type Operation = Insert | Remove | Replace | Header | InsertGraph | RemoveGraph;

export function inverse(operation: Operation): Operation {
  switch (operation.kind) {
    case 'insert':
      return { ...operation, kind: 'remove' } as Remove;
    case 'remove':
      return { ...operation, kind: 'insert' } as Insert;
    case 'replace':
      return { ...operation, before: operation.after, after: operation.before } as Replace;
    case 'header':
      return { ...operation, before: operation.after, after: operation.before };
    case 'insertGraph':
      return { ...operation, kind: 'removeGraph' };
    case 'removeGraph':
      return { ...operation, kind: 'insertGraph' };
  }
}

export function apply(document: MutableDocument, operation: Operation): void {
  if (operation.kind === 'insertGraph') return document.definitions.insert(operation.index, operation.definition);
  if (operation.kind === 'removeGraph') return document.definitions.remove(operation.definition.id);
  const graph = mutableGraph(document, operation.graph);
  graph.version++;
  if (rewires(operation)) graph.wiring++;
  switch (operation.kind) {
    case 'insert':
      return tableOf(graph, operation.table).insert(operation.index, operation.row);
    case 'remove':
      return tableOf(graph, operation.table).remove(operation.row.id);
    case 'replace':
      return tableOf(graph, operation.table).replace(operation.after);
    case 'header':
      graph.header = operation.after;
  }
}

/// Moving a node or setting a value leaves all links as they are; with many nodes it matters not to look at them again.
function rewires(operation: Insert | Remove | Replace | Header): boolean {
  if (operation.kind === 'header') return true;
  if (operation.table === 'groups') return false;
  if (operation.kind !== 'replace' || operation.table !== 'nodes') return true;
  return operation.before.inputs !== operation.after.inputs || operation.before.outputs !== operation.after.outputs;
}

export function mutableGraph(document: MutableDocument, id: GraphId): MutableGraph {
  const graph = id === ROOT ? document.root : document.definitions.get(id);
  if (graph === undefined) throw new Error(`there is no subgraph ${id}`);
  return graph;
}

export function tableOf<T extends TableName>(graph: MutableGraph, name: T): Table<Rows[T]> {
  return graph[name] as unknown as Table<Rows[T]>;
}
