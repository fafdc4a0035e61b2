// Instances of a subgraph hold the values of its promoted widgets by position. When the set of promoted widgets changes,
// the values are put where they then belong.

import { allGraphs, ROOT, type Graph, type GraphId, type GraphNode } from '../document';
import { subgraphDefinition } from '../definition_of';
import { isArray, sameJson } from '../json';
import { makeValues, valuesOf } from '../values';
import type { Transaction } from '../transaction';
import type { Document } from '../document';

export interface Instance {
  readonly graph: GraphId;
  readonly node: GraphNode;
}

export function instancesOf(document: Document, subgraph: GraphId): Instance[] {
  return allGraphs(document).flatMap((graph: Graph) => graph.nodes.rows()
    .filter((node) => node.type === subgraph)
    .map((node) => ({ graph: graph.id, node })));
}

/// Whether `inner` is `outer` or stands somewhere inside it.
export function contains(document: Document, outer: GraphId, inner: GraphId, seen = new Set<GraphId>()): boolean {
  if (outer === inner) return true;
  if (seen.has(outer)) return false;
  seen.add(outer);
  const graph = document.definitions.get(outer);
  return graph !== undefined && graph.nodes.rows().some((node) => document.definitions.has(node.type) && contains(document, node.type, inner, seen));
}

/// Runs a change of what a subgraph promotes; `renamed` says new names of inputs by their old ones.
export function keepingInstanceValues<T>(
  tx: Transaction, subgraph: GraphId, change: () => T, renamed: ReadonlyMap<string, string> = new Map(),
): T {
  const graph = subgraph === ROOT ? undefined : tx.document.definitions.get(subgraph);
  if (graph === undefined) return change();
  const before = subgraphDefinition(tx.document, graph, tx.registry);
  // Instances without values take those inside; they go on doing so.
  const instances = instancesOf(tx.document, subgraph).filter(({ node }) => isArray(node.values) && node.values.length > 0);
  const named = instances.map(({ node }) => new Map([...valuesOf(node, before)].map(([name, value]) => [renamed.get(name) ?? name, value])));
  const result = change();
  const after = subgraphDefinition(tx.document, graph, tx.registry);
  instances.forEach(({ graph: home, node }, i) => {
    const values = makeValues(after, named[i]) ?? [];
    if (!sameJson(values, tx.row(home, 'nodes', node.id).values)) tx.update(home, 'nodes', node.id, { values });
  });
  return result;
}
