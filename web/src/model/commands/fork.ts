// A subgraph's definition of its own for one of several instances.

import type { GraphId, NodeId } from '../document';
import { readGraph, writeGraph } from '../graph_file';
import { newUuid } from '../new_rows';
import type { Transaction } from '../transaction';

export function forkDefinition(tx: Transaction, graph: GraphId, instance: NodeId): GraphId {
  const { type } = tx.row(graph, 'nodes', instance);
  const id = newUuid();
  tx.insertDefinition(readGraph({ ...writeGraph(tx.graph(type)), id }, id));
  tx.update(graph, 'nodes', instance, { type: id });
  return id;
}
