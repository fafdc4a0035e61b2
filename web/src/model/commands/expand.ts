// Expanding an instance of a subgraph: its nodes come out, with its values.

import { definitionOf, subgraphDefinition } from '../definition_of';
import { INPUT_NODE, OUTPUT_NODE, type Graph, type GraphId, type GraphNode, type NodeId, type Point } from '../document';
import { copyJson } from '../clipboard';
import { isArray, type Json } from '../json';
import { boundaryKeys, indexOf, linkInto, linksFrom } from '../links';
import { done, refused, type Outcome } from '../outcome';
import { inputViews } from '../sockets';
import { valuesOf } from '../values';
import type { Transaction } from '../transaction';
import { boundsOf } from './groups';
import { instancesOf } from './instances';
import { addLink, clearInput, type Source } from './link_rows';
import { removeNodes } from './nodes';
import { paste } from './paste';
import { setValue } from './values';

export function expandSubgraph(tx: Transaction, graph: GraphId, id: NodeId): Outcome<NodeId[]> {
  const instance = tx.row(graph, 'nodes', id);
  const subgraph = tx.document.definitions.get(instance.type);
  if (subgraph === undefined) return refused('this node is no subgraph');
  const promoted = promotedValues(tx, instance, subgraph);
  const piece = copyJson(tx.document, subgraph, { nodes: subgraph.nodes.ids(), groups: subgraph.groups.ids() });
  const pasted = paste(tx, graph, piece, { at: corner(instance, subgraph) });
  if (!pasted.ok) return pasted;
  const ids = new Map(subgraph.nodes.ids().map((inner, i) => [inner, pasted.value.nodes[i] as NodeId]));
  linkInputs(tx, graph, id, subgraph, ids, promoted);
  linkOutputs(tx, graph, id, subgraph, ids);
  removeNodes(tx, graph, [id]);
  if (instancesOf(tx.document, subgraph.id).length === 0) tx.removeDefinition(subgraph.id);
  return done(pasted.value.nodes);
}

/// The middle of what comes out stands where the middle of the instance was.
function corner(instance: GraphNode, subgraph: Graph): Point {
  const frames = subgraph.groups.rows().map(({ bounding: [x, y, width, height] }) => ({ pos: [x, y] as const, size: [width, height] as const }));
  const [, , width, height] = boundsOf([...subgraph.nodes.rows(), ...frames]);
  return [instance.pos[0] + (instance.size[0] - width) / 2, instance.pos[1] + (instance.size[1] - height) / 2];
}

/// The instance's values, which replace those inside; none where it has none of its own.
function promotedValues(tx: Transaction, instance: GraphNode, subgraph: Graph): ReadonlyMap<string, Json> {
  if (!isArray(instance.values) || instance.values.length === 0) return new Map();
  return valuesOf(instance, subgraphDefinition(tx.document, subgraph, tx.registry));
}

function linkInputs(
  tx: Transaction, graph: GraphId, instance: NodeId, subgraph: Graph, ids: ReadonlyMap<NodeId, NodeId>, promoted: ReadonlyMap<string, Json>,
): void {
  const keys = boundaryKeys(subgraph, 'inputs');
  for (const link of indexOf(subgraph).from.get(INPUT_NODE) ?? []) {
    const node = ids.get(link.to);
    const key = keys[link.fromSlot];
    if (node === undefined || key === undefined) continue;
    const source = linkInto(tx.graph(graph), instance, key);
    const value = promoted.get(key);
    if (source !== undefined) addLink(tx, graph, { node: source.from, slot: source.fromSlot }, { node, input: link.input }, link.type);
    else if (value !== undefined && hasWidget(tx, graph, node, link.input)) setValue(tx, graph, node, link.input, value);
  }
}

function hasWidget(tx: Transaction, graph: GraphId, id: NodeId, key: string): boolean {
  const node = tx.row(graph, 'nodes', id);
  const view = inputViews(node, definitionOf(tx.document, tx.graph(graph), node, tx.registry)).find((input) => input.key === key);
  return view?.definition?.widget != null;
}

function linkOutputs(tx: Transaction, graph: GraphId, instance: NodeId, subgraph: Graph, ids: ReadonlyMap<NodeId, NodeId>): void {
  boundaryKeys(subgraph, 'outputs').forEach((key, slot) => {
    const inner = linkInto(subgraph, OUTPUT_NODE, key);
    for (const link of linksFrom(tx.graph(graph), instance, slot)) {
      const target = { node: link.to, input: link.input };
      clearInput(tx, graph, target);
      const source = inner && outerSource(tx, graph, instance, subgraph, ids, inner.from, inner.fromSlot);
      if (source !== undefined) addLink(tx, graph, source, target, link.type);
    }
  });
}

/// What feeds an output of the subgraph, seen from outside: a node that came out, or what feeds an input passed straight through.
function outerSource(
  tx: Transaction, graph: GraphId, instance: NodeId, subgraph: Graph, ids: ReadonlyMap<NodeId, NodeId>, from: NodeId, slot: number,
): Source | undefined {
  if (from !== INPUT_NODE) return { node: ids.get(from) as NodeId, slot };
  const key = boundaryKeys(subgraph, 'inputs')[slot];
  const source = key === undefined ? undefined : linkInto(tx.graph(graph), instance, key);
  return source && { node: source.from, slot: source.fromSlot };
}
